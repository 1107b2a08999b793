"""Keys over HTTP: a caller needs exactly what it needs over gRPC."""

import json
import logging
import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.descriptor import MethodDescriptor

from housing_grpc.access.callers import RULES, Role
from housing_grpc.rest import bindings
from housing_grpc.rest.stream import endpoint
from tests.rest.answers import HOUSE, error, refused
from tests.rest.conftest import Loop, Start, proxied
from tests.support.examples import Example
from tests.support.serving import housing_server

KEYS = {
    "predict": "predict-canary-1",
    "feedback": "feedback-canary-3",
    "admin": "admin-canary-2",
}
WANTED = "send one valid key as 'x-api-key', or as 'authorization: Bearer KEY'"
CHALLENGE = 'Bearer realm="housing.v1", ApiKey realm="housing.v1", header="X-API-Key"'

Headers = list[tuple[str, str]]

REFUSED: dict[str, Headers] = {
    "no key": [],
    "a wrong one": [("x-api-key", "wrong")],
    "an empty one": [("x-api-key", "")],
    "two": [("x-api-key", KEYS["admin"]), ("x-api-key", KEYS["admin"])],
    "one in each header": [
        ("x-api-key", KEYS["admin"]), ("authorization", f"Bearer {KEYS['admin']}"),
    ],
    "one as a password": [("authorization", f"Basic {KEYS['admin']}")],
    "one without its scheme": [("authorization", KEYS["admin"])],
    "two in one line": [("x-api-key", f"{KEYS['admin']}, {KEYS['admin']}")],
}  # fmt: skip


@pytest.fixture(scope="module")
def client(
    loop: Loop, linear: Example, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A client of a proxy to a server that asks for keys."""
    file: Path = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text("".join(f"{role} {role} {key}\n" for role, key in KEYS.items()))
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder, api_keys_file=str(file))
        yield stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))


def calls() -> list[tuple[str, str, str, MethodDescriptor]]:
    """Returns verb, path, body and rpc of everything that reaches the server."""
    found = []
    for binding in bindings.bindings():
        body = {"Predict": HOUSE, "PredictBatch": {"items": [HOUSE]}}.get(binding.method.name, {})
        text = json.dumps(body) if binding.body else ""
        found.append((binding.verb, binding.path, text, binding.method))
    return [*found, ("POST", endpoint.PATH, json.dumps(HOUSE), endpoint.METHOD)]


def call(client: httpx.Client, verb: str, path: str, body: str, headers: Headers) -> Any:
    kind = "application/x-ndjson" if path == endpoint.PATH else "application/json"
    typed = [("content-type", kind), *headers] if body else headers
    return client.request(verb, path, content=body or None, headers=typed)


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
def test_without_a_valid_key_nothing_is_reached(client: httpx.Client, headers: Headers) -> None:
    for verb, path, body, _ in calls():
        response = call(client, verb, path, body, headers)
        wanted = error(401, "UNAUTHENTICATED", "UNAUTHENTICATED", WANTED)
        assert (response.status_code, response.json()) == (401, wanted), path
        assert response.headers["www-authenticate"] == CHALLENGE


def test_a_stream_that_is_refused_while_it_is_written_to_is_told_why(client: httpx.Client) -> None:
    for _ in range(100):
        response = call(client, "POST", endpoint.PATH, json.dumps(HOUSE), [])
        assert refused(response)[:2] == (401, "UNAUTHENTICATED")


# What a call for which there is nothing on this server is answered with, once it is let in.
NOTHING_THERE = {
    "RollbackModel": "NO_PREVIOUS_MODEL",
    "RecordOutcomes": "EMPTY_BATCH",
    "GetQuality": "FEEDBACK_OFF",
    "GetExperiment": "NO_CHALLENGER",
}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("form", ["x-api-key", "authorization"])
def test_a_role_may_call_here_what_it_may_call_there(
    client: httpx.Client, role: Role, form: str
) -> None:
    key = KEYS[role] if form == "x-api-key" else f"Bearer {KEYS[role]}"
    for verb, path, body, method in calls():
        response = call(client, verb, path, body, [(form, key)])
        rpc = f"/{method.containing_service.full_name}/{method.name}"
        if role not in RULES[rpc]:
            assert refused(response)[:2] == (403, "PERMISSION_DENIED"), path
        elif method.name in NOTHING_THERE:
            assert NOTHING_THERE[method.name] in response.text
        else:
            assert response.status_code == 200, (path, response.text)
            assert response.headers["cache-control"] == "no-store"


def test_what_is_the_proxys_own_needs_no_key(client: httpx.Client) -> None:
    for path in ("/", "/health", "/metrics", "/docs", "/openapi.json", "/static/form.js"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(("path", "code"), [("/predict", 200), ("/model/reload", 403)])
def test_a_request_id_comes_back_with_any_answer(
    client: httpx.Client, path: str, code: int
) -> None:
    headers = {"x-api-key": KEYS["predict"], "x-request-id": "mine"}
    response = client.post(path, json=HOUSE if path == "/predict" else {}, headers=headers)
    assert (response.status_code, response.headers["x-request-id"]) == (code, "mine")


def test_no_key_is_told_or_logged(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("housing_grpc")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.DEBUG)
    try:
        texts = []
        for headers in (*REFUSED.values(), [("x-api-key", KEYS["predict"])]):
            for verb, path, body, _ in calls():
                response = call(client, verb, path, body, headers)
                texts += [response.text, str(response.headers)]
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.NOTSET)
    assert caplog.records
    texts += [client.get("/metrics").text, *(str(vars(record)) for record in caplog.records)]
    assert not any("canary" in text for text in texts)


def test_a_rate_that_is_exceeded_is_429_and_says_when_to_come_back(
    linear: Example, start: Start
) -> None:
    with ExitStack() as stack:
        server = housing_server(
            stack, linear.folder, api_key="k1", rate_limit_per_second=0.01, rate_limit_burst=1
        )
        client = start(f"127.0.0.1:{server.port}")
        headers = {"x-api-key": "k1"}
        assert client.post("/predict", json=HOUSE, headers=headers).status_code == 200
        response = client.post("/predict", json=HOUSE, headers=headers)
    assert refused(response) == (429, "RATE_LIMITED", [])
    retry = response.json()["error"]["details"][1]
    assert retry["@type"].endswith("RetryInfo")
    delay = float(retry["retry_delay"].removesuffix("s"))
    assert 90 < delay <= 100
    assert response.headers["retry-after"] == str(math.ceil(delay))


def test_the_server_is_not_asked_by_another_way(
    linear: Example, start: Start, stack: ExitStack
) -> None:
    """A key that the proxy finds in its own environment is nobody's key."""
    server = housing_server(stack, linear.folder, api_key="k1")
    patch = stack.enter_context(pytest.MonkeyPatch.context())
    for name in ("API_KEY", "HOUSING_API_KEY"):
        patch.setenv(name, "k1")
    client = start(f"127.0.0.1:{server.port}")
    assert client.post("/predict", json=HOUSE).status_code == 401
    assert client.get("/health").json()["status"] == "SERVING"
    assert grpc.StatusCode.UNAUTHENTICATED.name in client.get("/model/info").text
