"""A stream over HTTP outlives the calls that it is made of."""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from typing import Any

import httpx
import pytest

from housing_grpc.rest.stream import resuming
from tests.rest.answers import HOUSE
from tests.rest.conftest import SECONDS, Start
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.proxies import calling, chunk
from tests.support.serving import housing_server

LINE = chunk(json.dumps(HOUSE).encode() + b"\n")


class Talk:
    """A stream on which a house is sent whenever the answer to the one before has come."""

    def __init__(self, caller: socket.socket) -> None:
        self._caller = caller
        self._response = HTTPResponse(caller)
        caller.sendall(LINE)
        self._response.begin()

    def answer(self) -> Any:
        return json.loads(self._response.readline())

    def ask(self) -> None:
        self._caller.sendall(LINE)

    def close(self) -> None:
        # Or else it would keep the connection open.
        self._response.close()

    def end(self) -> bytes:
        self._caller.sendall(chunk(b""))
        return self._response.read()


@contextmanager
def talking(client: httpx.Client) -> Iterator[Talk]:
    with calling(client, "transfer-encoding: chunked") as caller:
        talk = Talk(caller)
        yield talk
        talk.close()


@pytest.fixture
def events(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], int]]:
    """Gives what counts how often streams were resumed."""
    logger = logging.getLogger("housing_grpc.rest")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    yield lambda: [record.message for record in caplog.records].count("stream.resumed")
    logger.removeHandler(caplog.handler)
    logger.setLevel(logging.NOTSET)


def test_a_stream_may_be_older_than_the_server_lets_a_call_be(
    linear: Example, start: Start, events: Callable[[], int], stack: ExitStack
) -> None:
    # Old enough for the first line to come: before its answer, nothing is resumed.
    server = housing_server(stack, linear.folder, stream_max_age_seconds=2.5)
    with talking(start(f"127.0.0.1:{server.port}")) as talk:
        row = 0
        while events() < 2:
            answer = talk.answer()
            assert (answer["row"], "prediction" in answer) == (row, True)
            row += 1
            talk.ask()
        assert talk.answer()["row"] == row
        assert talk.end() == b""


@pytest.mark.parametrize("gently", [True, False])
def test_a_stream_outlives_the_server(
    linear: Example, start: Start, gently: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long a server takes to start on a busy machine is not the proxy's doing.
    monkeypatch.setattr(resuming, "_PAUSES", (0.0, 0.2, *[1.0] * SECONDS))
    with ExitStack() as stack:
        port = stack.enter_context(held_port())
        first = housing_server(stack, linear.folder, drain_seconds=0.0, grpc_port=port)
        with talking(start(f"127.0.0.1:{port}")) as talk:
            before = talk.answer()
            if gently:
                first.stop()
            else:
                first.close(grace_seconds=0)
            talk.ask()
            housing_server(stack, linear.folder, grpc_port=port)
            after = talk.answer()
            assert talk.end() == b""
    assert (before["row"], after.get("row")) == (0, 1), after
    assert after["prediction"] == before["prediction"]


def test_a_stream_that_cannot_go_on_says_why(linear: Example, start: Start) -> None:
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder)
        client = start(f"127.0.0.1:{server.port}")
        with talking(client) as talk:
            assert talk.answer()["row"] == 0
            server.close(grace_seconds=0)
            talk.ask()
            told = talk.answer()["error"]
    assert (told["code"], told["details"][0]["reason"]) == (503, "BACKEND_UNAVAILABLE")


def test_whoever_hangs_up_while_it_is_resumed_is_not_waited_for(
    linear: Example, start: Start, events: Callable[[], int], stack: ExitStack
) -> None:
    server = housing_server(stack, linear.folder)
    client = start(f"127.0.0.1:{server.port}")
    with talking(client) as talk:
        assert talk.answer()["row"] == 0
        server.close(grace_seconds=0)
        # It has found out by now, and tries again.
        while not events():
            pass
    counted = 'http_requests_total{code="499",method="POST",route="/v1/predict:stream"} 1.0'
    while counted not in client.get("/metrics").text:
        pass
