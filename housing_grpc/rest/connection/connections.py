"""How many connections may be open, and which of them makes room for a new one."""

import logging
from enum import Enum, StrEnum
from typing import Any, Protocol

from housing_grpc.base import log
from housing_grpc.base.log_flood import Flood
from housing_grpc.rest.metrics import Metrics

# Descriptors for all else: the gRPC server's connection, the log, certificates.
_RESERVE = 64
# So much of the limit has no request in work, so that there always is one to close.
_SPARE = 8

_logger = logging.getLogger(__name__)


class State(Enum):
    """What a connection waits for."""

    IDLE = "idle"
    """For its caller: no request is in work."""
    STALLED = "stalled"
    """For its caller to send the rest of a request, or to take an answer."""
    WORKING = "working"
    """For the proxy."""


class Closed(StrEnum):
    """Why the proxy closed a connection before its caller did; the metric's label."""

    ANSWER_NOT_TAKEN = "answer_not_taken"
    HANDSHAKE_TIMEOUT = "handshake_timeout"
    HEAD_TIMEOUT = "head_timeout"
    HEAD_TOO_LARGE = "head_too_large"
    KEY_UPDATES = "key_updates"
    MADE_ROOM = "made_room"
    NOT_HTTP = "not_http"


class Connection(Protocol):
    """What can be closed."""

    @property
    def tls(self) -> object:
        """What speaks TLS on it, or None."""
        ...

    def abort(self) -> None:
        """Closes it at once, whatever it waits for."""


class Connections:
    """The open connections, and their limit.

    Args:
        most: So many at a time; an eighth of them has no request in work.
        metrics: Counts those that are open, and those that are closed here.
        processes: So many share the lines of the log.
    """

    def __init__(self, most: int, metrics: Metrics, processes: int = 1) -> None:
        self.most = most
        self.most_requests = most - max(1, most // _SPARE)
        self._metrics = metrics
        self._flood = Flood(processes)
        self._states: dict[Connection, State] = {}
        # In the order in which they began to wait for their caller.
        self._idle: dict[Connection, None] = {}
        self._stalled: dict[Connection, None] = {}

    def add(self, connection: Connection) -> None:
        """Takes a new one, which is idle; if there are too many, the oldest idle one is closed."""
        if len(self._states) >= self.most and not self._close_first(self._idle):
            self._close_first(self._stalled)
        self._states[connection] = State.IDLE
        self._idle[connection] = None
        self._metrics.connections_open(len(self._states))

    def move(self, connection: Connection, state: State) -> None:
        """Notes what a connection waits for from now on."""
        before = self._states.get(connection)
        if before is None:
            return
        if before is State.IDLE:
            del self._idle[connection]
        elif before is State.STALLED:
            del self._stalled[connection]
        self._states[connection] = state
        if state is State.IDLE:
            self._idle[connection] = None
        elif state is State.STALLED:
            self._stalled[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forgets one that has ended."""
        self.move(connection, State.WORKING)
        self._states.pop(connection, None)
        self._metrics.connections_open(len(self._states))

    def admit(self, connection: Connection) -> bool:
        """Notes that a request begins; the oldest that waits for its caller may make room for it.

        Returns:
            Whether it may; if not, so many are in work that it has to be refused.
        """
        in_work = len(self._states) - len(self._idle)
        room = in_work < self.most_requests or self._close_first(self._stalled)
        self.move(connection, State.STALLED)
        return room

    def close(self, connection: Connection, reason: Closed) -> None:
        """Closes one at once."""
        self.remove(connection)
        self.count(reason)
        connection.abort()

    def close_by_tls(self, tls: object, reason: Closed) -> None:
        """Closes the one on which something speaks TLS."""
        for connection in [each for each in self._states if each.tls is tls]:
            self.close(connection, reason)

    def count(self, reason: Closed) -> None:
        """Counts and logs one that is closed here."""
        self._metrics.connection_closed(reason)
        unlogged = self._flood.unlogged(reason.value)
        if unlogged is not None:
            more: dict[str, Any] = {"unlogged": unlogged} if unlogged else {}
            log.event(
                _logger, logging.WARNING, "connection.closed",
                reason=reason.value, open=len(self._states), **more,
            )  # fmt: skip

    def _close_first(self, waiting: dict[Connection, None]) -> bool:
        oldest = next(iter(waiting), None)
        if oldest is None:
            return False
        self.close(oldest, Closed.MADE_ROOM)
        return True


def most(wanted: int) -> int:
    """Returns how many connections the limit of open files allows, of those that are wanted."""
    try:
        import resource
    except ImportError:  # There is none on Windows.
        return wanted
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    allowed = max(2, files - _RESERVE)
    if allowed < wanted:
        log.event(
            _logger, logging.WARNING, "connections.lowered",
            api_max_connections=wanted, connections=allowed, open_files=files,
        )  # fmt: skip
    return min(wanted, allowed)
