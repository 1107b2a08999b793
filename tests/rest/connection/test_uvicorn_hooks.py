"""uvicorn still has, and calls, what the proxy extends without its promise to keep it."""

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httptools
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from housing_grpc.rest.connection.deadlines import TimedProtocol
from housing_grpc.rest.connection.http_server import HttpServer
from housing_grpc.rest.connection.protocol import BoundedProtocol

EXTENDED: dict[type, tuple[type, set[str]]] = {
    TimedProtocol: (
        HttpToolsProtocol,
        {
            "connection_made", "connection_lost", "pause_writing", "resume_writing",
            "on_headers_complete", "on_response_complete", "timeout_keep_alive_handler",
        },
    ),
    BoundedProtocol: (
        HttpToolsProtocol,
        {
            "data_received", "on_message_begin", "on_url", "on_header", "on_headers_complete",
            "on_body", "on_message_complete", "on_response_complete",
        },
    ),
    HttpServer: (uvicorn.Server, {"startup", "shutdown", "capture_signals"}),
}  # fmt: skip


async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Is never called."""


def configured() -> uvicorn.Config:
    return uvicorn.Config(app, lifespan="off", log_config=None)


@pytest.mark.parametrize("ours", EXTENDED)
def test_what_is_extended_is_there_and_takes_the_same(ours: type) -> None:
    theirs, names = EXTENDED[ours]
    own = {name for name in vars(ours) if not name.startswith("_")}
    assert own & set(dir(theirs)) == names
    for name in names:
        assert list(inspect.signature(getattr(ours, name)).parameters) == list(
            inspect.signature(getattr(theirs, name)).parameters
        )


def test_what_is_used_of_a_connection_is_there() -> None:
    async def made() -> HttpToolsProtocol:
        config = configured()
        config.load()
        return HttpToolsProtocol(config=config, server_state=ServerState(), app_state={})

    protocol: Any = asyncio.run(made())
    assert protocol.cycle is None
    assert isinstance(protocol.parser, httptools.HttpRequestParser)
    assert len(protocol.pipeline) == 0
    for name in (
        "transport", "flow", "loop", "scope", "server_state", "send_400_response",
        "_unset_keepalive_if_required",
    ):  # fmt: skip
        assert hasattr(protocol, name)


def test_what_is_used_of_a_request_is_there() -> None:
    wanted = {"scope", "transport", "flow", "message_event", "keep_alive", "on_response"}
    assert wanted <= set(inspect.signature(RequestResponseCycle.__init__).parameters)
    source = inspect.getsource(RequestResponseCycle.__init__)
    for name in ("disconnected", "response_started", "response_complete"):
        assert f"self.{name} = False" in source


def test_a_server_without_sockets_listens_on_nothing_and_asks_for_signals() -> None:
    entered = []

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            entered.append(self)
            yield

    server = Server(configured())
    server.should_exit = True
    asyncio.run(server.serve(sockets=[]))
    assert server.started
    assert server.servers == []
    assert entered == [server]


def test_the_parser_calls_back_for_chunks_and_trailers() -> None:
    called: list[str] = []

    class Protocol:
        def on_header(self, name: bytes, _value: bytes) -> None:
            called.append(name.decode())

        def on_chunk_header(self) -> None:
            called.append("chunk")

        def on_message_complete(self) -> None:
            called.append("end")

    parser = httptools.HttpRequestParser(Protocol())
    parser.feed_data(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    parser.feed_data(b"1;x=y\r\na\r\n0\r\nLast: z\r\n\r\n")
    assert called == ["Transfer-Encoding", "chunk", "chunk", "Last", "end"]
