"""The composition root: wires the parts to a server, and starts and stops it."""

import logging
import threading

import grpc

from housing_grpc import health, keys, limits, listen, log, reflection, routes, telemetry
from housing_grpc.errors import EXIT_PORT, StartError
from housing_grpc.gate import Gate
from housing_grpc.health import Health
from housing_grpc.keys import KeysError
from housing_grpc.manager import LiveModel
from housing_grpc.metrics.observer import CallObserver
from housing_grpc.rpc import Boundary
from housing_grpc.scoring import Scorer
from housing_grpc.service import ModelServicer, PredictionServicer
from housing_grpc.settings import Settings
from housing_grpc.stream import StreamScorer
from housing_grpc.supply import ModelSupply
from housing_grpc.tracing import Tracing

_logger = logging.getLogger(__name__)


class HousingServer:
    """A server, wired and bound to its port.

    Args:
        chosen: The settings.
        tracing: Makes spans of calls; None for none.

    Raises:
        StartError: A port is taken, or keys or certificates cannot be used.
    """

    def __init__(self, chosen: Settings, tracing: Tracing | None = None) -> None:
        self._settings = chosen
        gauges: telemetry.Gauges = {}
        self.metrics = telemetry.metrics(gauges)
        self._certificates = limits.certificates(chosen)
        self._access = limits.access(chosen)
        self._supply = ModelSupply(
            chosen,
            on_live=[self.metrics.on_live],
            on_reload=self.metrics.model.reload_ended,
        )
        self._health = Health(routes.SERVICES)
        self._scorer = Scorer(self.metrics.predictions)
        self._workers = routes.Workers(chosen)
        self._streams = StreamScorer(self._supply.manager, self._scorer, limits.of_streams(chosen))
        gauges |= telemetry.gauges(self._workers, self._streams, self._certificates)
        self._server = self._build(tracing)
        self.port = self._bind()
        self._probes = self._bind_probes()

    def start(self) -> LiveModel:
        """Answers probes at once, and calls as soon as a model is live.

        Raises:
            StartError: There is no model to serve.
        """
        self._server.start()
        if self._probes is not None:
            self._probes.start()
        live = self._supply.start()
        self._health.serving()
        return live

    def stop(self) -> None:
        """Tells probes first, then refuses new calls and lets those in flight finish."""
        self._health.stopping()
        log.event(_logger, logging.INFO, "server.draining", seconds=self._settings.drain_seconds)
        threading.Event().wait(self._settings.drain_seconds)
        self.close(self._settings.grace_seconds)

    def close(self, grace_seconds: float) -> None:
        """Refuses new calls, and ends those in flight when the time is up."""
        ended = self._server.stop(grace_seconds)
        self._supply.stop()
        self._streams.stop()
        self._health.end_watches()
        ended.wait()
        if self._probes is not None:
            self._probes.stop(None).wait()
        self._workers.stop()
        self._health.close()

    def reload_keys(self) -> None:
        """Takes the keys that are configured now; on any fault those of before stay."""
        try:
            found = keys.load(self._settings.api_key, self._settings.api_keys_file)
        except KeysError as error:
            log.event(_logger, logging.ERROR, "keys.kept", reason=str(error))
            return
        if found is not None:
            self._access.replace(found)
            log.event(_logger, logging.INFO, "keys.reloaded", keys=len(found))

    def _build(self, tracing: Tracing | None) -> grpc.Server:
        chosen, manager = self._settings, self._supply.manager
        observer = CallObserver(telemetry.SERVICES, self.metrics.calls, tracing, manager.version)
        boundary = Boundary(manager.version, observer, rejected=self.metrics.rejected)
        prediction = PredictionServicer(
            manager, self._streams, self._scorer, max_batch_rows=chosen.max_batch_rows
        )
        served = routes.services(
            prediction, ModelServicer(manager), self._streams, self._workers, chosen
        )
        table = routes.build(served, self._workers.stream, boundary)
        server = grpc.server(self._workers.predict, options=limits.options(chosen))
        limit = chosen.max_metadata_bytes
        gate = Gate(table, self._access, boundary, max_metadata_bytes=limit)
        server.add_generic_rpc_handlers((gate, self._health.handler()))
        if chosen.reflection_enabled:
            reflection.add_to(server, (*routes.SERVICES, health.SERVICE))
        return server

    def _bind(self) -> int:
        chosen = self._settings
        credentials = self._certificates.credentials() if self._certificates else None
        try:
            return listen.bind(self._server, chosen.grpc_host, chosen.grpc_port, credentials)
        except RuntimeError as error:
            raise _taken(chosen.grpc_host, chosen.grpc_port, "GRPC_PORT or GRPC_HOST") from error

    def _bind_probes(self) -> grpc.Server | None:
        chosen = self._settings
        if not chosen.health_port:
            return None
        server = grpc.server(self._health.pool, options=limits.options(chosen))
        server.add_generic_rpc_handlers((self._health.handler(),))
        try:
            listen.bind(server, chosen.grpc_host, chosen.health_port)
        except RuntimeError as error:
            raise _taken(chosen.grpc_host, chosen.health_port, "HEALTH_PORT") from error
        return server


def _taken(host: str, port: int, settings: str) -> StartError:
    return StartError(
        f"cannot listen on {host}:{port}: the port is taken, or the address is not this "
        f"machine's; choose another with {settings}",
        EXIT_PORT,
    )
