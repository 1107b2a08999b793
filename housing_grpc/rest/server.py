"""The composition root of the proxy and its life: start, wait, stop."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

import uvicorn
from prometheus_client import CollectorRegistry

from housing_grpc.base import log
from housing_grpc.base.options import OptionError
from housing_grpc.rest import banner, routes, settings, supervisor
from housing_grpc.rest.connection import connections, listen
from housing_grpc.rest.connection.certificate import Certificate
from housing_grpc.rest.connection.connections import Connections
from housing_grpc.rest.connection.deadlines import Patience
from housing_grpc.rest.connection.http_server import HttpServer
from housing_grpc.rest.connection.listen import PortError
from housing_grpc.rest.connection.protocol import BoundedProtocol
from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.grpc.channel import ServerTls
from housing_grpc.rest.http.failures import FailureLog
from housing_grpc.rest.http.hosts import Hosts
from housing_grpc.rest.http.origin import Origins
from housing_grpc.rest.json.intake import Intake, Limits
from housing_grpc.rest.metrics import Metrics
from housing_grpc.rest.proxy import Proxy
from housing_grpc.rest.settings import Settings

EXIT_SETTINGS = 2
EXIT_PORT = 3

_KEEP_ALIVE_SECONDS = 75

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Place:
    """What one of several processes has of those beside it.

    Attributes:
        number: Of this one, from 1 on.
        listening: The socket of all.
        folder: Where all count.
        ready: Called when it accepts connections.
    """

    number: int
    listening: socket.socket
    folder: str
    ready: Callable[[], None]


class RestServer:
    """A proxy, bound to its port.

    Args:
        chosen: The settings.
        place: Among several processes; None for the only one, or the one above them.

    Raises:
        OptionError: Certificates cannot be used.
        PortError: The port is taken.
    """

    def __init__(self, chosen: Settings, place: Place | None = None) -> None:
        self._settings = chosen
        self._place = place
        self._certificate = (
            Certificate(chosen.api_tls_cert_file, chosen.api_tls_key_file)
            if chosen.api_tls_cert_file
            else None
        )
        self._server_tls = _server_tls(chosen)
        self.socket = (
            place.listening
            if place
            else listen.bind(chosen.api_host, chosen.api_port, tls=self._certificate is not None)
        )
        self._uvicorn: HttpServer | None = None
        self._stopping = False
        self._told = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.port: int = self.socket.getsockname()[1]

    async def serve(self) -> None:
        """Serves until a signal comes or `stop` is called."""
        chosen = self._settings
        self._loop = asyncio.get_running_loop()
        backend = Backend(
            chosen.grpc_target,
            connect_seconds=chosen.api_connect_timeout_seconds,
            call_seconds=chosen.api_timeout_seconds,
            tls=self._server_tls,
        )
        try:
            self._uvicorn = self._built(backend)
            self._uvicorn.should_exit = self._stopping
            if self._place:
                self._place.ready()
            else:
                banner.log_serving(chosen, self.port)
            await self._uvicorn.serve(sockets=[self.socket])
        finally:
            self._loop = None
            self.socket.close()
            await backend.close()
        log.event(_logger, logging.INFO, "rest.stopped")

    def stop(self) -> None:
        """Refuses new connections, lets requests in flight finish, and ends streams in order."""
        self._stopping = True
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._told.set)

    def _built(self, backend: Backend) -> HttpServer:
        chosen = self._settings
        shown = self._certificate
        processes = chosen.processes if self._place else 1
        metrics = Metrics(CollectorRegistry(), self._place.folder if self._place else None)
        if shown:
            metrics.certificate_expires(shown.expires)
            shown.on_expiry = metrics.certificate_expires
        limits = Limits(
            body_bytes=chosen.api_max_body_bytes,
            body_seconds=chosen.api_timeout_seconds,
            list_entries=chosen.api_max_batch_rows,
        )
        failures = FailureLog(processes)
        router = routes.build(
            backend,
            metrics,
            failures,
            intake=Intake(limits),
            spoken=chosen.spoken,
            stopping=self._told,
        )
        origins = Origins(chosen.api_host, chosen.origins)
        hosts = Hosts(chosen.api_host, chosen.hosts)
        config = uvicorn.Config(
            Proxy(router, metrics, origins, hosts, failures),
            http=BoundedProtocol,
            ssl_context_factory=(lambda *_: shown.context) if shown else None,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Who called is nobody's business here.
            proxy_headers=False,
            backlog=listen.BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=max(1, round(chosen.api_grace_seconds)),
        )
        patience = Patience(
            head_seconds=chosen.api_head_seconds, answer_seconds=chosen.api_timeout_seconds
        )
        most = connections.most(chosen.api_max_connections // processes)
        opened = Connections(most, metrics, processes)
        return HttpServer(config, self.socket, opened, patience, shown)


def main() -> int:
    """Serves until a signal; returns the exit code."""
    return run(sys.argv[1:])


def run(arguments: Sequence[str], place: Place | None = None) -> int:
    """Serves until a signal, in one process or several; returns the exit code.

    Args:
        arguments: Flags.
        place: Among several processes, which another one has started.
    """
    try:
        chosen = settings.load(arguments)
        log.configure(
            chosen.log_level, chosen.log_format, **({"worker": place.number} if place else {})
        )
        _adopt_uvicorns_log()
        server = RestServer(chosen, place)
    except OptionError as error:
        return _fail(error, EXIT_SETTINGS)
    except PortError as error:
        return _fail(error, EXIT_PORT)
    if place is None and chosen.processes > 1:
        return supervisor.run(chosen, server.socket, arguments)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(server))
    if place is None:
        banner.tell(chosen, server.port)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(server.serve())
    return 0


def _server_tls(chosen: Settings) -> ServerTls | None:
    if not chosen.tls_to_server:
        return None
    return ServerTls(
        ca=chosen.grpc_ca_file, certificate=chosen.grpc_cert_file, key=chosen.grpc_key_file
    )


def _stopper(server: RestServer) -> Callable[[int, FrameType | None], None]:
    stopping = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            os._exit(128 + number)
        stopping = True
        server.stop()

    return stop


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop
    except ImportError:  # There is none for Windows, whose own loop watches no listening socket.
        return asyncio.SelectorEventLoop
    return uvloop.new_event_loop


def _adopt_uvicorns_log() -> None:
    """Sends what uvicorn reports, such as a fault in a request, the way of our own log."""
    theirs = logging.getLogger("uvicorn")
    theirs.handlers[:] = logging.getLogger(log.ROOT).handlers
    theirs.setLevel(logging.WARNING)
    theirs.propagate = False


def _fail(error: Exception, exit_code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return exit_code
