"""Answers `GET /metrics` on a port of its own."""

import io
import logging
import socket
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, make_wsgi_app

from housing_grpc.base import address, log
from housing_grpc.base.errors import EXIT_PORT, StartError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/metrics"

# A scraper beyond these costs the one that has been connected longest its connection.
_CONNECTIONS = 16
# Those of connections that made room last until they notice: whoever comes waits for one of them.
_THREADS = 2 * _CONNECTIONS
_IDLE_SECONDS = 10.0
_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 10.0
_HEAD_ENDS = (b"\r\n\r\n", b"\n\n")
_TOO_LARGE = b"HTTP/1.0 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n"

_logger = logging.getLogger(__name__)


class MetricsServer:
    """Listens and answers from threads of its own, until it is closed.

    Args:
        host: A name, of whose addresses the first is listened on, or an address.
        port: 0 for any that is free.
        registry: What is shown.

    Raises:
        StartError: The port is taken, or the address is not this machine's.
    """

    def __init__(self, host: str, port: int, registry: CollectorRegistry) -> None:
        try:
            self._server = _Server(host, port)
        except OSError as error:
            raise StartError(
                f"cannot listen on {host}:{port} for metrics: the port is taken, or the address "
                "is not this machine's; choose another with METRICS_PORT or METRICS_HOST, or "
                "set METRICS_ENABLED=false",
                EXIT_PORT,
            ) from error
        self._server.set_app(_app(registry, only_loopback=address.is_loopback(host)))
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        # Wakes the thread, which else looks for the word to stop twice a second only.
        _hang_up(self._server.socket)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _app(registry: CollectorRegistry, *, only_loopback: bool) -> "WSGIApplication":
    metrics = make_wsgi_app(registry)

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if only_loopback and not _is_own_host(environ.get("HTTP_HOST")):
            return _text(start_response, "403 Forbidden", "call this by a name of loopback\n")
        if environ["PATH_INFO"] != PATH:
            return _text(start_response, "404 Not Found", f"there is only {PATH} here\n")
        try:
            page: Iterable[bytes] = metrics(environ, start_response)
        except Exception as error:  # noqa: BLE001 - answered with 500; the log has the rest
            log.event(_logger, logging.ERROR, "metrics.failed", error=error)
            return _text(start_response, "500 Internal Server Error", "see the server's log\n")
        return page

    return app


def _is_own_host(host: str | None) -> bool:
    # A page of another site can have its own name lead here (DNS rebinding), but not take it out
    # of the header. Without the header it is no browser that calls.
    if host is None:
        return True
    name = address.name_in(host)
    return name is not None and address.is_own_name(name)


def _text(start_response: "StartResponse", status: str, text: str) -> Iterable[bytes]:
    body = text.encode()
    start_response(
        status,
        [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
    )
    return [body]


class _Handler(WSGIRequestHandler):
    timeout = _IDLE_SECONDS

    def handle(self) -> None:
        """Answers a request whose head has come whole; the library would read 6 MB of one."""
        head = self._head()
        # guard: the head of a scrape
        if len(head) > _HEAD_BYTES:
            self.wfile.write(_TOO_LARGE)
            return
        self.rfile = io.BytesIO(head)
        super().handle()

    def _head(self) -> bytes:
        head = b""
        end = time.monotonic() + _HEAD_SECONDS
        while len(head) <= _HEAD_BYTES and not any(each in head for each in _HEAD_ENDS):
            self.connection.settimeout(max(end - time.monotonic(), 0.001))
            if not (found := self.connection.recv(_HEAD_BYTES)):
                break
            head += found
        self.connection.settimeout(self.timeout)
        return head

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the base
        """Logs nothing: a scrape is no event."""

    def get_stderr(self) -> io.StringIO:
        """Returns what takes the reports of scrapers that went away."""
        return io.StringIO()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, host: str, port: int) -> None:
        plain = host.removeprefix("[").removesuffix("]")
        found = socket.getaddrinfo(plain, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        self._lock = threading.Lock()
        self._open: dict[socket.socket, None] = {}
        self._room = threading.BoundedSemaphore(_THREADS)
        super().__init__((str(found[0][4][0]), port), _Handler)

    def server_bind(self) -> None:
        """Binds without asking for the machine's name, which may take seconds."""
        TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])
        self.setup_environ()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Starts a thread for a connection; ends the oldest if there are too many."""
        with self._lock:
            self._open[request] = None
            oldest = next(iter(self._open)) if len(self._open) > _CONNECTIONS else None
            if oldest is not None:
                del self._open[oldest]
                _hang_up(oldest)
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves a connection, and makes room for another thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def shutdown_request(self, request: Any) -> None:
        """Forgets a connection that is done."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Says nothing of a scraper that went away, and logs what else is wrong."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.event(_logger, logging.ERROR, "metrics.failed", error=error)


def _hang_up(connection: socket.socket) -> None:
    # Its thread wakes up, finds the end of the connection, and closes it.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
