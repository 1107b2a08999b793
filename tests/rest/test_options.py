"""What is asked besides prices, over HTTP: parameters of the query, or the body of a batch."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.receipts import key_file as receipt_key_file
from housing_grpc.receipts.sealing import Seals
from tests.rest.answers import HOUSE, error, refused
from tests.rest.conftest import Loop, Start, proxied
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.proxies import NDJSON, STREAM
from tests.support.serving import connected, housing_server

FIELDS = {name.lower(): value for name, value in HOUSE.items()}


@pytest.fixture(scope="module")
def server(honest: Example) -> Iterator[Client]:
    """A gRPC client of a server that serves the honest bundle throughout."""
    with ExitStack() as stack:
        yield connected(stack, housing_server(stack, honest.folder).port)


@pytest.fixture(scope="module")
def api(loop: Loop, server: Client) -> Iterator[httpx.Client]:
    """An HTTP client of a proxy to that server."""
    with proxied(loop, server.address) as client:
        yield client


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timestamp"}


def over_grpc(server: Client, **options: Any) -> dict[str, Any]:
    request = PredictRequest(house=House(**FIELDS), **options)
    answer = server.predictions.Predict(request, timeout=SECONDS)
    return timeless(
        json_format.MessageToDict(
            answer, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
    )


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {}),
        ("?explain=true", {"explain": True}),
        ("?explain=false&level=0.8", {"level": 0.8}),
        ("?level=0.8&explain=true&reference.RM=6", {"level": 0.8, "reference": House(rm=6)}),
        ("?reference.rm=6&reference.LSTAT=4.5", {"reference": House(rm=6, lstat=4.5)}),
    ],
)
def test_a_house_has_the_same_answer_as_over_grpc(
    api: httpx.Client, server: Client, query: str, options: dict[str, Any]
) -> None:
    response = api.post(f"/predict{query}", json=HOUSE)
    assert response.status_code == 200, response.text
    assert timeless(response.json()) == over_grpc(server, **options)


@pytest.mark.parametrize("query", ["", "?level=0.8", "?explain=true", "?reference.RM=6&level=0.5"])
def test_a_line_of_a_stream_has_what_a_house_alone_has(api: httpx.Client, query: str) -> None:
    houses = [{**HOUSE, "RM": 5 + place / 100} for place in range(300)]
    lines = "".join(f"{json.dumps(house)}\n" for house in [*houses[:2], {"CHAS": 3}, *houses[2:]])
    response = api.post(f"{STREAM}{query}", content=lines, headers=NDJSON)
    found = [json.loads(line) for line in response.text.splitlines()]
    assert [each.pop("row") for each in found] == list(range(301))
    assert "error" in found.pop(2)
    for place in (0, 1, 255, 256, 299):
        alone = api.post(f"/predict{query}", json=houses[place]).json()
        assert timeless(found[place]) == timeless(alone)


def test_a_stream_is_explained_whatever_a_server_explains_at_a_time(
    start: Start, linear: Example, stack: ExitStack
) -> None:
    server = housing_server(stack, linear.folder, max_explain_seconds=1e-9)
    api = start(f"127.0.0.1:{server.port}")
    lines = "".join(f"{json.dumps(HOUSE)}\n" for _ in range(20))
    response = api.post(f"{STREAM}?explain=true", content=lines, headers=NDJSON)
    answers = [json.loads(line) for line in response.text.splitlines()]
    assert [len(each["explanation"]["contributions"]) for each in answers] == [13] * 20


def test_a_batch_has_its_options_in_the_body(api: httpx.Client) -> None:
    body = {"items": [HOUSE], "level": 0.8, "reference": {"RM": 6}}
    (result,) = api.post("/predict/batch", json=body).json()["results"]
    alone = api.post("/predict?level=0.8&reference.RM=6", json=HOUSE).json()
    assert {**result, "model_version": "", "timestamp": ""} == {
        **alone, "model_version": "", "timestamp": "",
    }  # fmt: skip
    response = api.post("/predict/batch?explain=true", json=body)
    told = "is not a parameter here; send it in the body"
    assert response.json() == error(
        400, "INVALID_ARGUMENT", "UNKNOWN_PARAMETER", f"explain {told}",
        violations={"explain": told},
    )  # fmt: skip


def post(api: httpx.Client, path: str, query: str) -> httpx.Response:
    headers = NDJSON if path == STREAM else {"content-type": "application/json"}
    return api.post(f"{path}?{query}", content=json.dumps(HOUSE), headers=headers)


@pytest.mark.parametrize("path", ["/predict", STREAM])
@pytest.mark.parametrize(
    ("query", "reason", "field"),
    [
        ("level=0.3", "LEVEL_OUT_OF_RANGE", "level"),
        ("level=nan", "INVALID_PARAMETER", "level"),
        ("level=", "INVALID_PARAMETER", "level"),
        ("level=%D9%A0.9", "INVALID_PARAMETER", "level"),
        ("explain=yes", "INVALID_PARAMETER", "explain"),
        ("explain=true&explain=true", "INVALID_PARAMETER", "explain"),
        ("reference=6", "INVALID_PARAMETER", "reference"),
        ("reference.RMM=6", "UNKNOWN_PARAMETER", "reference.RMM"),
        ("reference.CHAS=3", "FEATURE_DOMAIN", "reference.CHAS"),
        ("intervalls=true", "UNKNOWN_PARAMETER", "intervalls"),
        ("reference.RM.x=6", "INVALID_PARAMETER", "reference.RM.x"),
    ],
)
def test_what_is_wrong_with_an_option_is_named(
    api: httpx.Client, path: str, query: str, reason: str, field: str
) -> None:
    assert refused(post(api, path, query)) == (400, reason, [field])


def test_an_unknown_field_of_the_reference_in_a_body(api: httpx.Client) -> None:
    response = api.post("/predict/batch", json={"items": [HOUSE], "reference": {"LSTA": 5}})
    told = 'is not a field here; did you mean "LSTAT"?'
    assert response.json() == error(
        400, "INVALID_ARGUMENT", "JSON_UNKNOWN_FIELD", f"reference.LSTA {told}",
        violations={"reference.LSTA": told},
    )  # fmt: skip


def test_too_many_explanations_are_no_overload(
    start: Start, linear: Example, stack: ExitStack
) -> None:
    server = housing_server(stack, linear.folder, max_explain_seconds=1e-9)
    api = start(f"127.0.0.1:{server.port}")
    response = api.post("/predict/batch", json={"items": [HOUSE] * 2, "explain": True})
    assert refused(response) == (413, "EXPLAIN_TOO_LARGE", [])
    # Who waits and tries again gets the same.
    assert "retry-after" not in response.headers
    assert "at most 1 " in response.json()["error"]["message"]


def test_options_are_described(api: httpx.Client) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    for path in ("/v1/predict", STREAM):
        operation = paths[path]["post"]
        names = {each["name"] for each in operation["parameters"]}
        assert names >= {"explain", "level", "reference.RM", "reference.LSTAT"}
        assert "NOT_IN_BUNDLE" in operation["responses"]["400"]["description"]
    batch = paths["/v1/predict/batch"]["post"]
    assert "parameters" not in batch
    assert "EXPLAIN_TOO_LARGE" in batch["responses"]["413"]["description"]
    assert "EXPLAIN_TOO_LARGE" not in batch["responses"]["429"]["description"]


def sealed(receipt: str, answer: dict[str, Any], key: Seals) -> None:
    """Checks that a receipt is of this answer."""
    found = key.open(receipt, "receipt")
    interval = answer["interval"]
    assert (found.price, found.lower, found.upper, found.level) == (
        answer["prediction"], interval["lower"], interval["upper"], interval["level"],
    )  # fmt: skip


def test_every_form_has_a_receipt_of_each_price(
    start: Start, honest: Example, stack: ExitStack, tmp_path: Path
) -> None:
    api = start(
        f"127.0.0.1:{housing_server(stack, honest.folder, housing_home=str(tmp_path)).port}"
    )
    key = receipt_key_file.own(tmp_path)
    alone = api.post("/v1/predict?receipt=true", json=HOUSE).json()
    sealed(alone["receipt"], alone, key)
    assert "receipt" not in api.post("/v1/predict", json=HOUSE).json()
    body = {"items": [HOUSE, {"CHAS": 3}], "receipt": True}
    scored, failed = api.post("/v1/predict/batch", json=body).json()["results"]
    sealed(scored["receipt"], scored, key)
    assert "error" in failed
    lines = "".join(f"{json.dumps(each)}\n" for each in [*[HOUSE] * 600, {"CHAS": 3}])
    response = api.post(f"{STREAM}?receipt=true", content=lines, headers=NDJSON)
    *answers, failed = [json.loads(line) for line in response.text.splitlines()]
    for answer in answers:
        sealed(answer["receipt"], answer, key)
    assert len(answers) == 600
    assert "receipt" not in failed


def test_a_server_without_keys_gives_no_receipts(
    start: Start, honest: Example, stack: ExitStack, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file in the place of the folder")
    server = housing_server(stack, honest.folder, housing_home=str(tmp_path / "home"))
    api = start(f"127.0.0.1:{server.port}")
    for path in ("/predict", STREAM):
        assert refused(post(api, path, "receipt=true")) == (400, "RECEIPTS_OFF", ["receipt"])
