"""The server as a process: start, wait for a signal, stop, exit code."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType

from housing_grpc import banner, log, settings, tracing
from housing_grpc.errors import StartError
from housing_grpc.metrics import render
from housing_grpc.metrics.exposition import MetricsServer
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings

_HARD_EXIT_SECONDS = 2.0
_TRACES_SECONDS = 1.0

_logger = logging.getLogger(__name__)


def main() -> int:
    """Serves until a signal; returns the exit code."""
    try:
        chosen = settings.load(sys.argv[1:])
        log.configure(chosen.log_level, chosen.log_format)
        traces = tracing.from_environment(os.environ)
        server = HousingServer(chosen, traces)
        exposed = _expose(chosen, server)
    except StartError as error:
        return _fail(error)
    serving = threading.Event()
    # Not an Event, which a signal could find locked by the very thread that it interrupts.
    stopped: SimpleQueue[None] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stopper(serving, stopped))
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _reloader(server))
    try:
        live = server.start()
    except StartError as error:
        server.close(grace_seconds=0)
        return _fail(error)
    serving.set()
    log.event(
        _logger, logging.INFO, "server.serving", host=chosen.grpc_host, port=server.port,
        metrics_port=exposed.port if exposed else None,
    )  # fmt: skip
    if chosen.log_format == "text":
        print(banner.text(chosen, server.port, live), flush=True)
    del live  # Or else the first model would be kept for good, beside each that follows.
    stopped.get()
    _exit_hard_after(chosen.drain_seconds + chosen.grace_seconds + _HARD_EXIT_SECONDS)
    server.stop()
    if exposed is not None:
        exposed.close()
    if traces is not None:
        traces.close(_TRACES_SECONDS)
    log.event(_logger, logging.INFO, "server.stopped")
    return 0


def _expose(chosen: Settings, server: HousingServer) -> MetricsServer | None:
    if not chosen.metrics_enabled:
        return None
    registry = render.registry(server.metrics.state)
    return MetricsServer(chosen.metrics_host, chosen.metrics_port, registry)


def _stopper(
    serving: threading.Event, stopped: SimpleQueue[None]
) -> Callable[[int, FrameType | None], None]:
    asked = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        # While the first model loads, which may take a minute, there is no call to finish.
        if asked or not serving.is_set():
            os._exit(128 + number)
        asked = True
        stopped.put(None)

    return stop


def _reloader(server: HousingServer) -> Callable[[int, FrameType | None], None]:
    asked: SimpleQueue[None] = SimpleQueue()

    def serve() -> None:
        while True:
            asked.get()
            server.reload_keys()

    # Not in the handler: that may interrupt a line of the log, and another reload of keys.
    threading.Thread(target=serve, name="keys", daemon=True).start()
    return lambda *_: asked.put(None)


def _exit_hard_after(seconds: float) -> None:
    timer = threading.Timer(seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def _fail(error: StartError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code
