"""HTTP as the REST proxy gets it, before anything is known of its caller."""

import asyncio
import random
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from housing_grpc.rest.connection.connections import Connections
from housing_grpc.rest.connection.deadlines import Patience
from housing_grpc.rest.connection.protocol import HEAD_BYTES, HEADERS, BoundedProtocol
from housing_grpc.rest.metrics import Metrics
from tests.fuzz import mutants
from tests.fuzz.target import Seeds, Target

_GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"
_POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_PIECES = (
    b"\r\n", b"\r\n\r\n", b"\n", b"\0", b": ", b"x: y\r\n" * 60, b"y" * 9000, b"0\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", b"Connection: close\r\n",
    b"ffffffff;", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", _GET + b"\r\n", b"HTTP/1.0",
)  # fmt: skip
# Small enough to split any name, and large enough for many inputs a second.
_SPLIT = 11


class _Transport(asyncio.Transport):
    """A connection of which the answers are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Does nothing: what is read on has to be bounded all the same."""

    resume_reading = pause_reading


class Heads(Target):
    """A connection, on which each input comes at once, and once more in small parts.

    Args:
        stack: Ends the event loop.
        folder: Not needed.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)
        self._connections = Connections(100, Metrics(CollectorRegistry()))
        self._config = uvicorn.Config(self._app, lifespan="off", log_config=None)
        self._config.load()

    def seeds(self) -> Seeds:
        """Returns requests of every form, and some that are just too large."""
        yield _GET + b"\r\n"
        yield (_GET + b"\r\n") * 20
        yield _POST + b"Content-Length: 2\r\n\r\n{}" + _GET + b"\r\n"
        yield _POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
        yield _POST + b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nX-Last: z\r\n\r\n"
        yield _GET + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + _GET + b"\r\n"
        yield _GET + b"x: y\r\n" * (HEADERS - 1) + b"\r\n"
        yield _GET + b"x: y\r\n" * HEADERS + b"\r\n"
        yield _GET + b"x: " + b"y" * HEAD_BYTES + b"\r\n\r\n"
        yield b"GET /" + b"x" * HEAD_BYTES + b" HTTP/1.1\r\n\r\n"

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a request with a part of HTTP somewhere, or with other bytes."""
        if chance.random() < 0.5:
            return mutants.of_bytes(seed, chance)
        place = chance.randrange(len(seed) + 1)
        return seed[:place] + chance.choice(_PIECES) + seed[place + chance.choice((0, 2, 9)) :]

    def __call__(self, data: bytes) -> None:
        """Sends one input; what is answered has bounds, and is the same in small parts."""
        whole = self._loop.run_until_complete(self._answers([data]))
        parts = (data[start : start + _SPLIT] for start in range(0, len(data), _SPLIT))
        if len(data) < HEAD_BYTES:  # Beyond that, blanks are counted only in small parts.
            assert self._loop.run_until_complete(self._answers(parts)) == whole

    async def _answers(self, parts: Iterable[bytes]) -> tuple[bytes, bool]:
        state = ServerState()
        patience = Patience(head_seconds=60, answer_seconds=60)
        protocol = BoundedProtocol(
            self._connections, patience, config=self._config, server_state=state, app_state={}
        )
        transport = _Transport()
        self._connections.add(protocol)
        protocol.connection_made(transport)
        for part in parts:
            protocol.data_received(part)
            if transport.closed:
                break
        # As if the caller waited for all answers, and then hung up.
        for _ in range(100):
            await asyncio.sleep(0)
        protocol.connection_lost(None)
        await asyncio.gather(*state.tasks)
        return transport.written, transport.closed

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        held = sum(len(name) + len(value) for name, value in headers)
        assert held + len(scope["raw_path"]) + len(scope["query_string"]) <= HEAD_BYTES
        assert len(headers) <= HEADERS
        while (message := await receive()).get("more_body"):
            pass
        if message["type"] == "http.request":
            length = [(b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 204, "headers": length})
            await send({"type": "http.response.body"})
