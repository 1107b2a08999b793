"""What is passed on to the server, and what becomes of a call when either side goes away."""

import logging
import socket
import struct
from contextlib import ExitStack

import grpc
import httpx
import pytest

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import SECONDS, Start
from tests.rest.scripted import Scripted
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.serving import housing_server

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def sent(scripted: Scripted, name: str) -> list[str]:
    return [value for key, value in scripted.metadata if key == name]


def test_key_trace_and_request_id_travel_as_metadata(scripted: Scripted, start: Start) -> None:
    response = start(scripted.target).post(
        "/predict",
        json=HOUSE,
        headers={
            "X-API-Key": "k1", "X-Request-ID": "abc-1", "traceparent": TRACE, "tracestate": "a=b",
            "X-Other": "stays",
        },
    )  # fmt: skip
    assert scripted.method == "/housing.v1.PredictionService/Predict"
    assert sent(scripted, "x-api-key") == ["k1"]
    assert sent(scripted, "traceparent") == [TRACE]
    assert sent(scripted, "tracestate") == ["a=b"]
    assert sent(scripted, "x-request-id") == ["abc-1"]
    assert sent(scripted, "x-other") == []
    assert response.headers["x-request-id"] == "abc-1"


def test_two_keys_stay_two_and_a_key_that_is_not_ascii_stays_none(
    scripted: Scripted, start: Start
) -> None:
    client = start(scripted.target)
    headers = [(b"X-API-Key", b"k1"), (b"X-API-Key", b"schl\xfcssel")]
    client.post("/predict", json=HOUSE, headers=headers)
    assert sent(scripted, "x-api-key") == ["k1", "schl\\xfcssel"]


@pytest.mark.parametrize("key", ["Bearer k1", "bearer k1", "BEARER  k1"])
def test_a_bearer_is_passed_on_and_a_password_is_not(
    scripted: Scripted, start: Start, key: str
) -> None:
    client = start(scripted.target)
    client.post("/predict", json=HOUSE, headers={"authorization": key})
    assert sent(scripted, "authorization") == [key]
    client.post("/predict", json=HOUSE, headers={"authorization": "Basic dTpw"})
    assert sent(scripted, "authorization") == []


def test_headers_that_are_too_long_for_the_server_are_refused(rest: httpx.Client) -> None:
    for path, kind in (
        ("/predict", "application/json"),
        ("/v1/predict:stream", "application/jsonl"),
    ):
        for keys in ([("x-api-key", "k" * 20_000)], [("x-api-key", "")] * 100):
            headers = [*keys, ("content-type", kind)]
            response = rest.post(path, content=b'{"RM": 6}', headers=headers)
            assert refused(response) == (431, "HEADER_TOO_LARGE", [])


@pytest.mark.parametrize("given", ["", "ümlaut", "x" * 500])
def test_every_answer_has_a_request_id(rest: httpx.Client, given: str) -> None:
    headers = [(b"x-request-id", given.encode("latin-1"))] if given else []
    for path in ("/health", "/nope", "/metrics", "/docs"):
        found = rest.get(path, headers=headers).headers["x-request-id"]
        assert found.isascii()
        assert 0 < len(found) <= 128
        assert given[:1] != "x" or found == "x" * 128


def test_the_servers_log_knows_the_request_id(rest: httpx.Client) -> None:
    response = rest.post("/predict", json={"CHAS": 3}, headers={"x-request-id": "mine"})
    assert response.headers["x-request-id"] == "mine"


@pytest.mark.parametrize("ahead", [b"", b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"])
def test_a_caller_that_hangs_up_cancels_the_call(
    scripted: Scripted, start: Start, caplog: pytest.LogCaptureFixture, ahead: bytes
) -> None:
    cancelled = []

    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        scripted.ended.wait(SECONDS)
        cancelled.append(not context.is_active())
        return b""

    scripted.answer = answer
    client = start(scripted.target)
    body = b'{"RM": 6}'
    with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as caller:
        kind = f"content-type: application/json\r\ncontent-length: {len(body)}"
        head = f"POST /predict HTTP/1.1\r\nhost: localhost\r\n{kind}\r\n\r\n"
        caller.sendall(head.encode() + body + ahead)
        assert scripted.called.wait(SECONDS)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert scripted.ended.wait(SECONDS)
    while not cancelled:
        scripted.called.wait(0.01)
    assert cancelled == [True]
    counted = 'http_requests_total{code="499",method="POST",route="/predict"} 1.0'
    while counted not in client.get("/metrics").text:
        pass
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_a_server_that_is_down_is_503(start: Start) -> None:
    with held_port() as port:
        target = f"127.0.0.1:{port}"
        client = start(target)
        response = client.post("/predict", json=HOUSE)
        health = client.get("/health")
    assert refused(response) == (503, "BACKEND_UNAVAILABLE", [])
    assert response.headers["retry-after"] == "1"
    assert target not in response.text
    assert (health.status_code, health.json()) == (
        503,
        {"status": "UNKNOWN", "proxy_version": "0.1.0", "reason": "BACKEND_UNAVAILABLE"},
    )


def test_a_server_that_accepts_and_says_nothing_is_503(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        target = f"127.0.0.1:{mute.getsockname()[1]}"
        client = start(target, api_connect_timeout_seconds=0.3)
        response = client.post("/predict", json=HOUSE)
    assert refused(response) == (503, "BACKEND_UNAVAILABLE", [])


def test_a_host_that_nobody_knows_is_503(start: Start) -> None:
    # Longer than a label may be: no name server is asked, here or elsewhere.
    client = start(f"{'nowhere' * 10}.invalid:1", api_connect_timeout_seconds=0.3)
    assert refused(client.post("/predict", json=HOUSE))[:2] == (503, "BACKEND_UNAVAILABLE")


def test_a_server_that_comes_back_is_found_again(linear: Example, start: Start) -> None:
    with held_port() as port:
        with ExitStack() as stack:
            housing_server(stack, linear.folder, grpc_port=port)
            client = start(f"127.0.0.1:{port}")
            assert client.post("/predict", json=HOUSE).status_code == 200
        assert client.post("/predict", json=HOUSE).status_code == 503
        with ExitStack() as stack:
            housing_server(stack, linear.folder, grpc_port=port)
            while client.post("/predict", json=HOUSE).status_code != 200:
                pass
            assert client.get("/health").status_code == 200


def test_a_proxy_in_the_environment_is_not_for_the_way_to_the_server(
    housing: Client, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another name for the same, since an address may be known to need none.
    target = housing.address.replace("127.0.0.1", "localhost")
    with held_port() as port:
        for name in ("grpc_proxy", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        url = start(target).base_url
        with httpx.Client(base_url=url, trust_env=False, timeout=SECONDS) as client:
            assert client.post("/predict", json=HOUSE).status_code == 200
