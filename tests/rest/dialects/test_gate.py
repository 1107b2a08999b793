"""The dialects stand behind the same gate as the contract: keys, limits, pages of others."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from housing_grpc.base.options import OptionError
from housing_grpc.rest import settings
from tests.rest.answers import HOUSE
from tests.rest.answers import refused as refused_as_usual
from tests.rest.conftest import Loop, Start, proxied
from tests.rest.dialects.bodies import INFER, INVOKE, PREDICT, tensor
from tests.rest.dialects.conftest import ALL
from tests.support.client import Client
from tests.support.examples import MODEL_NAME, Example
from tests.support.serving import housing_server

MODEL = f"/v2/models/{MODEL_NAME}"
BODIES = {
    INFER: {"inputs": [tensor("RM", [6.5])]},
    PREDICT: {"instances": [HOUSE]},
    INVOKE: {"instances": [HOUSE]},
}
PROBES = ("/v2", "/v2/health/live", "/v2/health/ready", f"{MODEL}/ready", "/ping")
TOLD = (MODEL, f"{MODEL}/config", f"/v1/models/{MODEL_NAME}")
KEY = "predict-canary-1"


@pytest.fixture(scope="module")
def closed(
    loop: Loop, linear: Example, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A proxy to a server that asks for keys, and lets each call three times."""
    file: Path = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(f"p predict {KEY}\n")
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder, api_keys_file=str(file))
        target = f"127.0.0.1:{server.port}"
        yield stack.enter_context(proxied(loop, target, dialects=ALL))


def test_prices_need_a_key_and_probes_none(closed: httpx.Client) -> None:
    for path in PROBES:
        assert closed.get(path).status_code == 200
    for headers in ({}, {"x-api-key": "wrong"}):
        found = [closed.post(path, json=body, headers=headers) for path, body in BODIES.items()]
        found += [closed.get(path, headers=headers) for path in TOLD]
        found.append(closed.post("/v2/repository/index", headers=headers))
        for response in found:
            assert (response.status_code, response.json()["reason"]) == (401, "UNAUTHENTICATED")
            assert response.headers["www-authenticate"].startswith("Bearer")
    assert closed.get("/v2/models/others/ready").status_code == 404
    for path, body in BODIES.items():
        for headers in ({"x-api-key": KEY}, {"authorization": f"Bearer {KEY}"}):
            assert closed.post(path, json=body, headers=headers).status_code == 200


def test_without_a_key_no_name_is_told(closed: httpx.Client) -> None:
    # Though the proxy knows it by now.
    assert closed.get(MODEL, headers={"x-api-key": KEY}).status_code == 200
    for name in (MODEL_NAME, "others"):
        path = INFER.replace(MODEL_NAME, name)
        assert closed.post(path, json=BODIES[INFER]).status_code == 401


def test_the_limit_of_a_key_holds(loop: Loop, linear: Example, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"p predict {KEY}\n")
    with ExitStack() as stack:
        server = housing_server(
            stack,
            linear.folder,
            api_keys_file=str(tmp_path / "keys"),
            rate_limit_per_second=0.001,
            rate_limit_burst=4,
        )
        target = f"127.0.0.1:{server.port}"
        client = stack.enter_context(proxied(loop, target, dialects=ALL))
        client.headers["x-api-key"] = KEY
        # The first one also asks which model is live.
        found = [client.post(path, json=body) for path, body in BODIES.items()]
        assert [response.status_code for response in found] == [200, 200, 200]
        for path, body in BODIES.items():
            response = client.post(path, json=body)
            assert (response.status_code, response.json()["reason"]) == (429, "RATE_LIMITED")
            assert int(response.headers["retry-after"]) > 1


def test_pages_of_others_and_other_methods(http: httpx.Client) -> None:
    for path, body in BODIES.items():
        response = http.post(path, json=body, headers={"origin": "https://other.example"})
        assert (response.status_code, response.json()["reason"]) == (403, "CROSS_SITE")
        assert http.get(path).status_code == 405


def test_requests_are_counted_by_route(start: Start, housing: Client) -> None:
    client = start(housing.address, dialects=ALL)
    for path, body in BODIES.items():
        assert client.post(path, json=body).status_code == 200
    assert client.post("/v2/models/others/infer", json=BODIES[INFER]).status_code == 404
    text = client.get("/metrics").text
    for route, code in (
        ("/v2/models/{model}/infer", 200), ("/v2/models/{model}/infer", 404),
        ("/v1/models/{model}:predict", 200), ("/invocations", 200),
    ):  # fmt: skip
        line = f'http_requests_total{{code="{code}",method="POST",route="{route}"}} 1.0'
        assert line in text


PATHS = {
    "oip": ["/v2", "/v2/health/live", MODEL, f"{MODEL}/ready"],
    "v1": [f"/v1/models/{MODEL_NAME}"],
    "invocations": ["/ping"],
}


@pytest.mark.parametrize("spoken", ["oip", "v1", "invocations", "none", "v1,oip"])
def test_what_is_not_spoken_is_not_there(start: Start, housing: Client, spoken: str) -> None:
    client = start(housing.address, dialects=spoken)
    for dialect, paths in PATHS.items():
        for path in paths:
            response = client.get(path)
            if dialect in spoken.split(","):
                assert response.status_code == 200
            else:
                assert refused_as_usual(response)[:2] == (404, "NOT_FOUND")


def test_the_open_inference_protocol_alone_is_spoken_by_default(
    rest: httpx.Client,
) -> None:
    assert rest.get("/v2").status_code == 200
    assert rest.get("/ping").status_code == 404
    assert settings.load([], {}).spoken == {"oip"}


@pytest.mark.parametrize("value", ["vertex", "oip,", "oip;v1", "OIP"])
def test_an_unknown_dialect_is_refused(value: str) -> None:
    with pytest.raises(OptionError, match=f"^DIALECTS='{value}': .* is unknown; name some of oip"):
        settings.load([], {"DIALECTS": value})


def test_a_server_without_the_protocol_still_says_whether_it_is_ready(
    start: Start, stack: ExitStack, linear: Example
) -> None:
    server = housing_server(stack, linear.folder, dialects="none")
    client = start(f"127.0.0.1:{server.port}", dialects=ALL)
    assert client.get(f"{MODEL}/ready").json() == {"name": MODEL_NAME, "ready": True}
    for path, body in BODIES.items():
        assert client.post(path, json=body).status_code == 200
