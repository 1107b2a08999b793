"""Errors: what each gRPC status becomes, and what the proxy refuses itself."""

import logging
import socket
import time
import types
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from housing_grpc.base import log_flood
from tests.rest import raw
from tests.rest.answers import HOUSE, error, refused
from tests.rest.conftest import Start
from tests.rest.scripted import Scripted
from tests.support.client import refusal
from tests.support.waiting import SECONDS

STATUSES = {
    "CANCELLED": 499, "UNKNOWN": 500, "INVALID_ARGUMENT": 400, "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404, "ALREADY_EXISTS": 409, "PERMISSION_DENIED": 403, "UNAUTHENTICATED": 401,
    "RESOURCE_EXHAUSTED": 429, "FAILED_PRECONDITION": 400, "ABORTED": 409, "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501, "INTERNAL": 500, "UNAVAILABLE": 503, "DATA_LOSS": 500,
}  # fmt: skip


def fails_with(status: Status) -> Any:
    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort_with_status(rpc_status.to_status(status))

    return answer


@pytest.mark.parametrize(("name", "code"), STATUSES.items())
def test_every_status_has_its_own_in_http(
    scripted: Scripted, start: Start, name: str, code: int
) -> None:
    status = refusal(grpc.StatusCode[name], "SOME_REASON", "some text", {"house.RM": "is odd"})
    scripted.answer = fails_with(status)
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert response.status_code == code
    assert response.json() == error(
        code, name, "SOME_REASON", "some text", violations={"RM": "is odd"}
    )
    assert set(STATUSES) == set(Code.keys()) - {"OK"}


@pytest.mark.parametrize(
    ("code", "retry"),
    [(grpc.StatusCode.RESOURCE_EXHAUSTED, 3), (grpc.StatusCode.UNAVAILABLE, 7)],
)
def test_a_retry_is_told_in_the_header_too(
    scripted: Scripted, start: Start, code: grpc.StatusCode, retry: int
) -> None:
    scripted.answer = fails_with(refusal(code, "BUSY", "later", retry_seconds=retry))
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert response.headers["retry-after"] == str(retry)
    assert response.json() == error(
        response.status_code, code.name, "BUSY", "later", retry=f"{retry}s"
    )


def test_429_always_says_when_to_come_back(scripted: Scripted, start: Start) -> None:
    scripted.answer = fails_with(refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "BUSY", "later"))
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")


def test_401_says_what_is_wanted(scripted: Scripted, start: Start) -> None:
    scripted.answer = fails_with(refusal(grpc.StatusCode.UNAUTHENTICATED, "NO_KEY", "no key"))
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert response.headers["www-authenticate"] == (
        'Bearer realm="housing.v1", ApiKey realm="housing.v1", header="X-API-Key"'
    )


@pytest.mark.parametrize(
    ("code", "http", "reason"),
    [
        (grpc.StatusCode.INTERNAL, 500, "BACKEND_FAILED"),
        (grpc.StatusCode.UNKNOWN, 500, "BACKEND_FAILED"),
        (grpc.StatusCode.UNIMPLEMENTED, 501, "BACKEND_FAILED"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 429, "BACKEND_OVERLOADED"),
        (grpc.StatusCode.UNAVAILABLE, 503, "BACKEND_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504, "BACKEND_TIMEOUT"),
    ],
)
def test_texts_of_the_library_stay_here(
    scripted: Scripted, start: Start, code: grpc.StatusCode, http: int, reason: str
) -> None:
    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(code, "secret")

    scripted.answer = answer
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert (response.status_code, response.json()["error"]["status"]) == (http, code.name)
    assert refused(response)[1] == reason
    assert "secret" not in response.text


def test_a_detail_of_an_unknown_type_is_left_out(scripted: Scripted, start: Start) -> None:
    status = refusal(grpc.StatusCode.ABORTED, "SOME_REASON", "some text")
    status.details.append(Packed(type_url="type.googleapis.com/nobody.Knows", value=b"\n\x01x"))
    scripted.answer = fails_with(status)
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert response.json() == error(409, "ABORTED", "SOME_REASON", "some text")


def test_an_answer_that_is_no_message_is_a_fault_of_ours(scripted: Scripted, start: Start) -> None:
    scripted.answer = lambda _data, _context: b"\xff\xff"
    response = start(scripted.target).post("/predict", json=HOUSE)
    assert response.status_code == 500
    assert "parsing" not in response.text.lower()


@pytest.mark.parametrize("path", ["/nope", "/predict/", "//predict", "/v1/predict/x", "/%70redict"])
def test_404(rest: httpx.Client, path: str) -> None:
    response = rest.post(httpx.URL(f"{rest.base_url}", raw_path=path.encode()))
    assert response.json() == error(
        404, "NOT_FOUND", "NOT_FOUND", "there is no such path; GET / lists what there is"
    )


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("GET", "/predict", "POST"), ("HEAD", "/predict", "POST"), ("DELETE", "/predict", "POST"),
        ("POST", "/health", "GET, HEAD"), ("PUT", "/", "GET, HEAD"),
        ("OPTIONS", "/model/info", "GET, HEAD"),
    ],
)  # fmt: skip
def test_405(rest: httpx.Client, verb: str, path: str, allowed: str) -> None:
    response = rest.request(verb, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    if verb != "HEAD":
        assert refused(response)[:2] == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("announced", [True, False])
def test_413(rest: httpx.Client, announced: bool) -> None:
    data = b'{"items": [' + b'{"RM": 6.123456},' * 100_000
    parts = (data[start : start + 65536] for start in range(0, len(data), 65536))
    response = rest.post(
        "/predict/batch",
        content=data if announced else parts,
        headers={"content-type": "application/json"},
    )
    assert refused(response)[:2] == (413, "PAYLOAD_TOO_LARGE")
    assert rest.get("/health").status_code == 200


@pytest.mark.parametrize("announced", [b"0" * 5000 + b"2", b"9" * 5000])
def test_a_length_of_more_digits_than_a_number_may_have(
    rest: httpx.Client, announced: bytes
) -> None:
    with raw.connected(rest.base_url) as caller:
        head = raw.POST.replace(b"content-length: 2", b"content-length: " + announced)
        raw.send(caller, head + b"\r\n{}")
        assert raw.answer(caller)[0] == 400


def test_what_fails_a_thousand_times_does_not_fill_the_log(
    rest: httpx.Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_flood, "time", types.SimpleNamespace(monotonic=lambda: 100.5))
    with caplog.at_level(logging.INFO):
        for _ in range(30):
            assert rest.get("/nothing").status_code == 404
    assert len([each for each in caplog.records if each.message == "request.failed"]) == 20


def test_413_from_the_server(scripted: Scripted, start: Start) -> None:
    client = start(scripted.target, api_max_batch_rows=100_000)
    response = client.post("/predict/batch", json={"items": [{"RM": 6.5}] * 10_000})
    assert refused(response)[:2] == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "text/json"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_415(rest: httpx.Client, headers: dict[str, str]) -> None:
    response = rest.post("/predict", content=b'{"RM": 6}', headers=headers)
    assert refused(response)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("media_type", ["application/json; charset=UTF-8", "Application/JSON"])
def test_what_is_json_is_taken(rest: httpx.Client, media_type: str) -> None:
    headers = {"content-type": media_type}
    assert rest.post("/predict", content=b'{"RM": 6}', headers=headers).status_code == 200


def test_a_body_that_never_comes_is_not_waited_for(scripted: Scripted, start: Start) -> None:
    port = start(scripted.target, api_timeout_seconds=0.2).base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as caller:
        caller.sendall(b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{")
        answer = caller.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"REQUEST_TIMEOUT" in answer


def test_a_call_that_takes_too_long_is_given_up(scripted: Scripted, start: Start) -> None:
    def answer(_data: bytes, _context: grpc.ServicerContext) -> bytes:
        scripted.ended.wait(SECONDS)
        return b""

    scripted.answer = answer
    started = time.monotonic()
    port = start(scripted.target, api_timeout_seconds=0.3).base_url.port
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as caller:
        # All at once: a body that comes later than that is no longer waited for.
        caller.sendall(
            b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"connection: close\r\ncontent-length: 2\r\n\r\n{}"
        )
        told = caller.makefile("rb").read()
    assert told.startswith(b"HTTP/1.1 504")
    assert b"BACKEND_TIMEOUT" in told
    assert time.monotonic() - started < 20
