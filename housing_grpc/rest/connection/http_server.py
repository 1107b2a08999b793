"""uvicorn's server, with connections that come by a listener of our own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from housing_grpc.rest.connection.certificate import Certificate
from housing_grpc.rest.connection.connections import Connections
from housing_grpc.rest.connection.deadlines import Patience
from housing_grpc.rest.connection.listen import Listener
from housing_grpc.rest.connection.protocol import BoundedProtocol


class HttpServer(uvicorn.Server):
    """Serves until `should_exit` is set.

    Args:
        config: uvicorn's.
        listening: The socket that connections come by.
        connections: All that are open.
        patience: How long callers are waited for.
        certificate: What is shown to callers; None for plain HTTP.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        listening: socket.socket,
        connections: Connections,
        patience: Patience,
        certificate: Certificate | None,
    ) -> None:
        super().__init__(config)
        self._certificate = certificate
        self._listening = listening
        self._connections = connections
        self._patience = patience
        self._listener: Listener | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Accepts from now on; uvicorn itself has nothing to listen on."""
        await super().startup(sockets=[])
        self._listener = Listener(
            self._listening,
            self._protocol,
            self._connections,
            certificate=self._certificate,
            handshake_seconds=self._patience.head_seconds,
        )
        self._listener.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accepts no more, and lets requests in flight finish."""
        if self._listener is not None:
            self._listener.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to `main`; uvicorn would end the process with them once more."""
        yield

    def _protocol(self) -> BoundedProtocol:
        return BoundedProtocol(
            self._connections,
            self._patience,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
