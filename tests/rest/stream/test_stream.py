"""The stream: a house a line in, a price a line out."""

import json
import threading
from contextlib import ExitStack, suppress
from http.client import HTTPResponse
from typing import Any

import grpc
import httpx
import pytest

from tests.rest.answers import HOUSE, error, refused
from tests.rest.conftest import Start
from tests.rest.scripted import Scripted
from tests.support.examples import Example
from tests.support.proxies import NDJSON, calling, chunk
from tests.support.proxies import STREAM as PATH
from tests.support.serving import housing_server


def lines_of(response: httpx.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in response.text.splitlines()]


def stream(client: httpx.Client, *lines: Any) -> httpx.Response:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return client.post(PATH, content="\n".join(texts), headers=NDJSON)


def test_every_line_is_answered_in_order(rest: httpx.Client, linear: Example) -> None:
    houses = [{**HOUSE, "RM": 4 + index / 1000} for index in range(1000)]
    answers = lines_of(stream(rest, *houses))
    assert [answer["row"] for answer in answers] == list(range(1000))
    assert {answer["model_version"] for answer in answers} == {linear.version}
    for index in (0, 255, 256, 999):
        wanted = rest.post("/predict", json=houses[index]).json()
        found = {name: value for name, value in answers[index].items() if name != "row"}
        assert {**found, "timestamp": ""} == {**wanted, "timestamp": ""}


def test_a_line_that_is_wrong_costs_that_line_alone(rest: httpx.Client) -> None:
    answers = lines_of(
        stream(rest, HOUSE, '{"RM": ', {"RMM": 6}, {"CHAS": 3}, {}, '{"RM": true}', HOUSE)
    )
    assert [answer["row"] for answer in answers] == list(range(7))
    assert "prediction" in answers[0]
    assert answers[6]["prediction"] == answers[0]["prediction"]
    told = 'is not a field here; did you mean "RM"?'
    assert answers[2] == {
        "row": 2,
        **error(
            400, "INVALID_ARGUMENT", "JSON_UNKNOWN_FIELD", f"RMM {told}", violations={"RMM": told}
        ),
    }
    told = "is 3, but must be 0 or 1"
    assert answers[3] == {
        "row": 3,
        **error(
            400, "INVALID_ARGUMENT", "FEATURE_DOMAIN", f"CHAS {told}", violations={"CHAS": told}
        ),
    }
    reasons = [answer["error"]["details"][0]["reason"] for answer in answers[1:6]]
    assert reasons == [
        "JSON_MALFORMED", "JSON_UNKNOWN_FIELD", "FEATURE_DOMAIN", "NO_FEATURES", "JSON_WRONG_TYPE",
    ]  # fmt: skip


@pytest.mark.parametrize("body", [b"", b"\n\n", b" \r\n"])
def test_nothing_is_answered_with_nothing(rest: httpx.Client, body: bytes) -> None:
    assert lines_of(rest.post(PATH, content=body, headers=NDJSON)) == []


def test_line_ends_are_where_they_like(rest: httpx.Client) -> None:
    parts = [b'{"RM"', b': 6}\r\n\n{"RM": 6', b'.5}\n{"RM"', b": 7}"]
    answers = lines_of(rest.post(PATH, content=iter(parts), headers=NDJSON))
    assert [answer["row"] for answer in answers] == [0, 1, 2]


def test_an_answer_comes_before_the_next_line_is_sent(rest: httpx.Client) -> None:
    """As row by row as the caller is: each line waits for the answer to the one before."""
    with calling(rest, "transfer-encoding: chunked") as caller:
        answers = caller.makefile("rb")
        for index in range(20):
            caller.sendall(chunk(b'{"RM": 6.5}\n'))
            while b'"row":%d,' % index not in answers.readline():
                pass
        caller.sendall(chunk(b""))
        while answers.readline() != b"0\r\n":
            pass


def test_a_slow_reader_is_read_slowly(rest: httpx.Client) -> None:
    """What nobody reads fills the buffers on the way, and then no more is taken."""
    part = b'{"RM": 6.5, "LSTAT": 5}\n' * 1000
    sent = 0
    with calling(rest, "content-length: 1000000000") as caller:
        caller.settimeout(2)
        with suppress(TimeoutError):
            while sent < 100_000_000:
                sent += caller.send(part)
    assert sent < 50_000_000


def test_a_caller_that_hangs_up_ends_the_stream(
    linear: Example, start: Start, stack: ExitStack
) -> None:
    # There is only one place: it has to be free again.
    server = housing_server(stack, linear.folder, max_streams=1)
    client = start(f"127.0.0.1:{server.port}")
    for _ in range(3):
        with calling(client, "transfer-encoding: chunked") as caller:
            caller.sendall(chunk(b'{"RM": 6}\n'))
            # The place of the one before is given back a moment after it hung up.
            assert caller.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.1 429"))
    while (found := stream(client, HOUSE)).status_code == 429:
        assert found.headers["retry-after"] == "1"
    assert len(lines_of(found)) == 1


def test_what_fails_before_the_first_answer_has_a_status(scripted: Scripted, start: Start) -> None:
    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.UNAVAILABLE, "secret")

    scripted.answer = answer
    response = stream(start(scripted.target), HOUSE)
    assert refused(response)[:2] == (503, "BACKEND_UNAVAILABLE")


def test_a_server_that_cancels_is_not_taken_for_a_proxy_that_stops(
    scripted: Scripted, start: Start
) -> None:
    def answer(_data: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.CANCELLED, "secret")

    scripted.answer = answer
    response = stream(start(scripted.target), HOUSE)
    assert refused(response)[:2] == (503, "BACKEND_UNAVAILABLE")


def test_a_failure_in_mid_stream_is_the_last_line(linear: Example, start: Start) -> None:
    with ExitStack() as stack:
        # The first line gets no longer, either.
        server = housing_server(stack, linear.folder, stream_idle_seconds=3)
        client = start(f"127.0.0.1:{server.port}")
        with calling(client, "transfer-encoding: chunked") as caller:
            caller.sendall(chunk(json.dumps(HOUSE).encode() + b"\n"))
            response = HTTPResponse(caller)
            response.begin()
            answers = [json.loads(line) for line in response]
    assert response.status == 200
    assert [answer.get("row") for answer in answers] == [0, None]
    assert (answers[1]["error"]["code"], answers[1]["error"]["status"]) == (
        504,
        "DEADLINE_EXCEEDED",
    )


def test_a_line_that_is_too_long_ends_the_stream(rest: httpx.Client) -> None:
    answers = lines_of(stream(rest, HOUSE, HOUSE, '{"RM": ' + "6" * 100_000 + "}", HOUSE))
    assert [answer.get("row") for answer in answers] == [0, 1, None]
    assert (answers[2]["error"]["code"], answers[2]["error"]["status"]) == (
        413, "RESOURCE_EXHAUSTED",
    )  # fmt: skip
    response = rest.post(PATH, content=b"6" * 1_000_000, headers=NDJSON)
    assert refused(response)[:2] == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("media_type", ["application/json", "text/plain"])
def test_other_media_types_are_refused(rest: httpx.Client, media_type: str) -> None:
    response = rest.post(PATH, content=b"{}", headers={"content-type": media_type})
    assert refused(response)[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_key_and_request_id_go_with_it(scripted: Scripted, start: Start) -> None:
    headers = {**NDJSON, "x-api-key": "k1", "x-request-id": "mine"}
    start(scripted.target).post(PATH, content=b"{}", headers=headers)
    assert {("x-api-key", "k1"), ("x-request-id", "mine")} <= set(scripted.metadata)


def test_a_long_stream_keeps_its_order(rest: httpx.Client) -> None:
    count = 20_000
    rooms = [4 + (index % 400) / 100 for index in range(count)]
    with calling(rest, "transfer-encoding: chunked") as caller:

        def send() -> None:
            for index in range(0, count, 100):
                part = rooms[index : index + 100]
                caller.sendall(chunk(b"".join(b'{"RM": %.2f}\n' % room for room in part)))
            caller.sendall(chunk(b""))

        sender = threading.Thread(target=send)
        sender.start()
        response = HTTPResponse(caller)
        response.begin()
        answers = [json.loads(line) for line in response]
        sender.join()
    assert [answer["row"] for answer in answers] == list(range(count))
    first = [answer["prediction"] for answer in answers[:400]]
    assert [answer["prediction"] for answer in answers] == first * (count // 400)
