"""The composition root: wires the parts to a server, and starts and stops it."""

import logging
import threading
from pathlib import Path

import grpc

from housing_grpc import child, health, keys, limits, listen, log, reflection, routes
from housing_grpc.bundle.errors import BundleError
from housing_grpc.errors import EXIT_MODEL, EXIT_PORT, ServingError, StartError
from housing_grpc.gate import Gate
from housing_grpc.health import Health
from housing_grpc.keys import KeysError
from housing_grpc.manager import LiveModel, ModelManager
from housing_grpc.registry.source import RegistrySource
from housing_grpc.rpc import Boundary, SilentObserver
from housing_grpc.service import ModelServicer, PredictionServicer
from housing_grpc.settings import Settings
from housing_grpc.source import FolderSource, Source
from housing_grpc.stream import StreamScorer

_logger = logging.getLogger(__name__)


class HousingServer:
    """A server, wired and bound to its port.

    Args:
        chosen: The settings.

    Raises:
        StartError: The port is taken, or the keys or certificates cannot be used.
    """

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._certificates = limits.certificates(chosen)
        self._access = limits.access(chosen)
        self._health = Health(routes.SERVICES)
        self._manager = ModelManager(_source(chosen), trial=child.try_bundle)
        self._streams = StreamScorer(self._manager, limits.of_streams(chosen))
        self._workers = routes.Workers(chosen)
        self._server = self._build()
        self.port = self._bind()

    def start(self) -> LiveModel:
        """Answers probes at once, and calls as soon as a model is live.

        Raises:
            StartError: There is no model to serve.
        """
        self._server.start()
        try:
            live = self._manager.start()
        except (ServingError, BundleError, OSError) as error:
            raise StartError(f"no model to serve: {error}", EXIT_MODEL) from error
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
        self._streams.stop()
        self._health.end_watches()
        ended.wait()
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

    def _build(self) -> grpc.Server:
        chosen = self._settings
        boundary = Boundary(self._manager.version, SilentObserver())
        prediction = PredictionServicer(
            self._manager, self._streams, max_batch_rows=chosen.max_batch_rows
        )
        served = routes.services(prediction, ModelServicer(self._manager), self._workers, chosen)
        table = routes.build(served, self._workers.stream, boundary)
        server = grpc.server(self._workers.predict, options=limits.options(chosen))
        server.add_generic_rpc_handlers(
            (Gate(table, self._access, boundary), self._health.handler())
        )
        if chosen.reflection_enabled:
            reflection.add_to(server, (*routes.SERVICES, health.SERVICE))
        return server

    def _bind(self) -> int:
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        credentials = self._certificates.credentials() if self._certificates else None
        try:
            return listen.bind(
                self._server, self._settings.grpc_host, self._settings.grpc_port, credentials
            )
        except RuntimeError as error:
            raise StartError(
                f"cannot listen on {address}: the port is taken, or the address is not this "
                "machine's; choose another with GRPC_PORT or GRPC_HOST",
                EXIT_PORT,
            ) from error


def _source(chosen: Settings) -> Source:
    if chosen.bundle_dir:
        return FolderSource(Path(chosen.bundle_dir))
    return RegistrySource(chosen.location, chosen.cache, chosen.registry_timeout_seconds)
