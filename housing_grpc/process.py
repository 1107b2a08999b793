"""The server as a process: start, wait for a signal, stop, exit code."""

import logging
import sys
from collections.abc import Callable
from typing import Protocol

from housing_grpc import banner, settings
from housing_grpc.base import log, standard_streams
from housing_grpc.base.errors import StartError
from housing_grpc.base.signals import HARD_EXIT_SECONDS, Signals, exit_hard_after
from housing_grpc.metrics import render, tracing
from housing_grpc.metrics.exposition import MetricsServer
from housing_grpc.metrics.state import State
from housing_grpc.model.live import Release
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings

_logger = logging.getLogger(__name__)


class Server(Protocol):
    """A server in one process or in several."""

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    def start(self) -> Release:
        """Answers probes at once, and calls as soon as a model is live."""
        ...

    def state(self) -> State:
        """Returns all that it has counted."""
        ...

    def reload_keys(self) -> None:
        """Takes the keys that are configured now; on any fault the previous ones stay."""
        ...

    def stop(self) -> bool:
        """Drains, and returns whether all came to its end in time."""
        ...

    def close(self, grace_seconds: float) -> None:
        """Refuses new calls, and ends those in flight when the time is up."""
        ...

    def abandon(self) -> None:
        """Ends whatever would outlive this process."""
        ...


def main() -> int:
    """Serves until a signal; returns the exit code."""
    try:
        chosen = settings.load(sys.argv[1:])
        log.configure(chosen.log_level, chosen.log_format)
        server = _server(chosen)
        exposed = _expose(chosen, server.state)
    except StartError as error:
        return _fail(error)
    stop = Signals(server.abandon, server.reload_keys)
    try:
        live = server.start()
    except StartError as error:
        server.close(grace_seconds=0)
        return _fail(error)
    stop.serving()
    log.event(
        _logger, logging.INFO, "server.serving", host=chosen.grpc_host, port=server.port,
        metrics_port=exposed.port if exposed else None,
    )  # fmt: skip
    if chosen.log_format == "text":
        standard_streams.tell(banner.text(chosen, server.port, live))
    del live  # Or else the first model would be kept for good, beside each that follows.
    stop.wait()
    seconds = chosen.drain_seconds + chosen.grace_seconds + HARD_EXIT_SECONDS
    exit_hard_after(seconds, server.abandon)
    in_time = server.stop()
    if exposed is not None:
        exposed.close()
    log.event(_logger, logging.INFO, "server.stopped")
    return 0 if in_time else 1


def _server(chosen: Settings) -> Server:
    if settings.processes(chosen) == 1:
        return HousingServer(chosen, tracing.from_environment())
    from housing_grpc.workers.supervisor import Supervisor

    return Supervisor(chosen)


def _expose(chosen: Settings, state: Callable[[], State]) -> MetricsServer | None:
    if not chosen.metrics_enabled:
        return None
    return MetricsServer(chosen.metrics_host, chosen.metrics_port, render.registry(state))


def _fail(error: StartError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code
