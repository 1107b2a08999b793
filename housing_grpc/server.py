"""The composition root: wires the parts to a server, and starts and stops it."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from housing.v1 import model_pb2, prediction_pb2

from housing_grpc import child, health, listen, log, reflection, rpc
from housing_grpc.bundle.errors import BundleError
from housing_grpc.errors import EXIT_MODEL, EXIT_PORT, ServingError, StartError
from housing_grpc.health import Health
from housing_grpc.manager import LiveModel, ModelManager
from housing_grpc.registry.source import RegistrySource
from housing_grpc.service import ModelServicer, PredictionServicer
from housing_grpc.settings import Settings
from housing_grpc.source import FolderSource, Source
from housing_grpc.stream import StreamLimits, StreamScorer

_PREDICTION = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]
_MODEL = model_pb2.DESCRIPTOR.services_by_name["ModelService"]
_SERVICES = (_PREDICTION.full_name, _MODEL.full_name)

# A reload blocks its worker for seconds; ModelInfo must not wait behind it.
_MODEL_WORKERS = 4
# Beyond the streams that are served: workers that tell others that there are too many.
_REFUSING_WORKERS = 4

_logger = logging.getLogger(__name__)


class HousingServer:
    """A server, wired and bound to its port.

    Args:
        chosen: The settings.

    Raises:
        StartError: The port is taken.
    """

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._health = Health(_SERVICES)
        self._manager = ModelManager(_source(chosen), trial=child.try_bundle)
        self._streams = StreamScorer(self._manager, _stream_limits(chosen))
        self._model_pool = ThreadPoolExecutor(_MODEL_WORKERS, thread_name_prefix="model")
        self._stream_pool = ThreadPoolExecutor(
            chosen.max_streams + _REFUSING_WORKERS, thread_name_prefix="stream"
        )
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
        self._model_pool.shutdown(wait=False)
        self._stream_pool.shutdown(wait=False)
        self._health.close()

    def _build(self) -> grpc.Server:
        chosen, version = self._settings, self._manager.version
        server = grpc.server(
            ThreadPoolExecutor(chosen.grpc_workers, thread_name_prefix="predict"),
            options=(
                # Off: a second server would bind the same port without a word.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", chosen.max_message_bytes),
                ("grpc.max_send_message_length", -1),
                # A client with a quiet stream may ask this often whether we are there.
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ),
        )
        prediction = PredictionServicer(
            self._manager, self._streams, max_batch_rows=chosen.max_batch_rows
        )
        model = ModelServicer(self._manager)
        pools = {
            "PredictStream": self._stream_pool,
            "ModelInfo": self._model_pool,
            "ReloadModel": self._model_pool,
        }
        server.add_generic_rpc_handlers(
            tuple(
                rpc.generic_handler(service, servicer, model_version=version, pools=pools)
                for service, servicer in ((_PREDICTION, prediction), (_MODEL, model))
            )
        )
        self._health.add_to(server)
        if chosen.reflection_enabled:
            reflection.add_to(server, (*_SERVICES, health.SERVICE))
        return server

    def _bind(self) -> int:
        address = f"{self._settings.grpc_host}:{self._settings.grpc_port}"
        try:
            return listen.bind(self._server, self._settings.grpc_host, self._settings.grpc_port)
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


def _stream_limits(chosen: Settings) -> StreamLimits:
    return StreamLimits(
        streams=chosen.max_streams,
        chunk_rows=chosen.max_chunk_rows,
        idle_seconds=chosen.stream_idle_seconds,
        age_seconds=chosen.stream_max_age_seconds,
    )
