"""HTTP as uvicorn speaks it, with an end to every wait for a caller.

uvicorn waits for ever for the head of a request, and for an answer to be taken. Each override
extends the hook of uvicorn, or of asyncio, that has its name.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from housing_grpc.rest.connection.connections import Closed, Connections, State


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a caller is waited for.

    Attributes:
        head_seconds: For the head of a request.
        answer_seconds: For it to take a part of an answer.
    """

    head_seconds: float
    answer_seconds: float


class TimedProtocol(HttpToolsProtocol):
    """One connection.

    Args:
        connections: All of them; it is among them already.
        patience: How long its caller is waited for.
        **given: What uvicorn's own protocol takes.

    Attributes:
        connected: Whether there is a transport; before that, TLS shakes hands.
        opening: What makes a connection of a socket that was accepted.
        in_body: Whether the rest of a request is awaited, its head having come.
    """

    def __init__(self, connections: Connections, patience: Patience, **given: Any) -> None:
        super().__init__(**given)
        self.connected = False
        self.opening: asyncio.Task[None] | None = None
        self.in_body = False
        self.connections_open = connections
        self.patience = patience
        self._deadline: asyncio.TimerHandle | None = None
        self._answer_deadline: asyncio.TimerHandle | None = None
        # uvicorn keeps the request that came last, which may wait for this one's answer.
        self._in_work: Any = None

    @property
    def idle(self) -> bool:
        """Whether no request is in work; uvicorn has no cycle before the first one."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    @property
    def tls(self) -> object:
        """What speaks TLS on it, or None."""
        return self.transport.get_extra_info("ssl_object") if self.connected else None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Gives the caller time for its first request."""
        super().connection_made(transport)
        self.connected = True
        self.await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection, and ends what is in work for it."""
        super().connection_lost(exc)
        self.pipeline.clear()
        if self._in_work is not None:
            # guard: a caller that hangs up behind requests ahead
            self._in_work.disconnected = True
            self._in_work.message_event.set()
        self._unset_keepalive_if_required()
        self.end_wait()
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
        self.connections_open.remove(self)

    def pause_writing(self) -> None:
        """Gives the caller time to take what there is."""
        super().pause_writing()
        self._answer_deadline = self.loop.call_later(
            self.patience.answer_seconds,
            self.connections_open.close, self, Closed.ANSWER_NOT_TAKEN,
        )  # fmt: skip
        self.place()

    def resume_writing(self) -> None:
        """Goes on with the answer."""
        super().resume_writing()
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
        self.place()

    def on_headers_complete(self) -> None:
        """Starts a request, unless others wait for their turn before it."""
        super().on_headers_complete()
        if not self.pipeline:
            self._in_work = self.cycle

    def on_response_complete(self) -> None:
        """Goes on with the next request, waits for one, or closes: by then the answer is taken."""
        if self.pipeline:
            self._in_work = self.pipeline[-1][0]
        super().on_response_complete()
        if self.transport.is_closing():
            self.wait(self.patience.head_seconds, self.abort)
        self.place()

    def timeout_keep_alive_handler(self) -> None:
        """Closes an idle connection, even if its caller does not take the last answer."""
        super().timeout_keep_alive_handler()
        self.wait(self.patience.head_seconds, self.abort)

    def abort(self) -> None:
        """Closes it at once, whatever it waits for."""
        if self.connected:
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()

    def await_head(self) -> None:
        """Gives the caller time for a head, from the first of its bytes on."""
        if self._deadline is None and not self.transport.is_closing():
            self.wait(self.patience.head_seconds, self.head_timeout)

    def head_timeout(self) -> None:
        """Ends a connection on which no head came in time."""
        self.connections_open.close(self, Closed.HEAD_TIMEOUT)

    def wait(self, seconds: float, ended: Callable[[], None]) -> None:
        """Calls something unless the wait ends before."""
        self.end_wait()
        self._deadline = self.loop.call_later(seconds, ended)

    def end_wait(self) -> None:
        """Ends the wait: what was waited for has come."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def place(self) -> None:
        """Notes what the connection waits for."""
        if self.idle:
            state = State.IDLE
        elif self.flow.write_paused or (self.in_body and not self.pipeline):
            state = State.STALLED
        else:
            state = State.WORKING
        self.connections_open.move(self, state)
