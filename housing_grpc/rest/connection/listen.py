"""The socket that the proxy listens on, and what comes in by it."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Any

from housing_grpc.base import log
from housing_grpc.rest.connection.certificate import Certificate
from housing_grpc.rest.connection.connections import Closed, Connections
from housing_grpc.rest.connection.protocol import BoundedProtocol

BACKLOG = 2048

# Of one connection with TLS, at a time: the event loop would read megabytes before it turns to
# another, which takes OpenSSL many seconds if they are all key updates.
_TLS_READ_BYTES = 32 * 1024
_PAUSE_SECONDS = 0.1

_logger = logging.getLogger(__name__)


class PortError(Exception):
    """The address cannot be listened on; the text says which."""


def bind(host: str, port: int, *, tls: bool) -> socket.socket:
    """Returns a socket that listens.

    Args:
        host: An address, or a name.
        port: 0 for any that is free.
        tls: Whether TLS is spoken on its connections.

    Raises:
        PortError: The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # Elsewhere it would share a port that is taken.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if tls:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _TLS_READ_BYTES)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise PortError(
            f"cannot listen on {host}:{port}: the port is taken, or the address is not this "
            "machine's; choose another with API_PORT or API_HOST"
        ) from error
    return listener


class Listener:
    """Accepts connections, and counts each from then on, through its TLS handshake.

    Args:
        listening: The socket.
        new_protocol: Returns what speaks HTTP on a connection.
        connections: Takes every new one.
        certificate: What is shown to callers; None for plain HTTP.
        handshake_seconds: Time that a handshake gets.
    """

    def __init__(
        self,
        listening: socket.socket,
        new_protocol: Callable[[], BoundedProtocol],
        connections: Connections,
        *,
        certificate: Certificate | None,
        handshake_seconds: float,
    ) -> None:
        self._socket = listening
        self._socket.setblocking(False)
        self._new_protocol = new_protocol
        self._connections = connections
        self._tls: dict[str, Any] = (
            {"ssl": certificate.context, "ssl_handshake_timeout": handshake_seconds}
            if certificate
            else {}
        )
        if certificate:
            certificate.on_flood = self._close_flood
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Accepts from now on."""
        self._loop.add_reader(self._socket, self._accept)

    def close(self) -> None:
        """Accepts no more, and gives up handshakes; the socket stays open."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._socket)
        for task in self._opening:
            task.cancel()

    def _accept(self) -> None:
        try:
            accepted, _ = self._socket.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            # No descriptor or no memory is left: it would fail as fast as it can be asked.
            log.event(_logger, logging.ERROR, "connections.not_accepted", cause=str(error))
            self._loop.remove_reader(self._socket)
            self._pause = self._loop.call_later(_PAUSE_SECONDS, self.start)
            return
        protocol = self._new_protocol()
        self._connections.add(protocol)
        protocol.opening = self._loop.create_task(self._open(protocol, accepted))
        self._opening.add(protocol.opening)
        protocol.opening.add_done_callback(self._opening.discard)

    def _close_flood(self, tls: object) -> None:
        # Not now: it is being read from.
        self._loop.call_soon(self._connections.close_by_tls, tls, Closed.KEY_UPDATES)

    async def _open(self, protocol: BoundedProtocol, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: protocol, accepted, **self._tls)
        except ConnectionAbortedError:
            self._connections.count(Closed.HANDSHAKE_TIMEOUT)
        except OSError:
            pass  # The caller speaks no TLS, or hung up.
        finally:
            if not protocol.connected:
                # Nobody else says that it has ended.
                self._connections.remove(protocol)
