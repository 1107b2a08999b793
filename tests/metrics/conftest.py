"""A real server whose calls are counted, with its metrics on a port of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
import numpy as np
import pytest
from housing.v1 import prediction_pb2
from prometheus_client.parser import text_string_to_metric_families

from housing_grpc import child, codec_house, limits, routes
from housing_grpc.gate import Gate
from housing_grpc.manager import ModelManager
from housing_grpc.metrics import render
from housing_grpc.metrics.exposition import MetricsServer
from housing_grpc.metrics.observer import CallObserver, methods_of
from housing_grpc.metrics.server_metrics import ServerMetrics
from housing_grpc.rpc import Boundary
from housing_grpc.service import ModelServicer, PredictionServicer
from housing_grpc.settings import Settings
from housing_grpc.source import FolderSource
from housing_grpc.stream import StreamScorer
from housing_grpc.tracing import Tracing
from tests.server.wire import Client, client_of

SERVICES = (routes.PREDICTION, routes.MODEL)
PREDICTIONS = routes.PREDICTION.full_name

Samples = dict[tuple[str, tuple[str, ...]], float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A server, and where its metrics are."""

    client: Client
    url: str
    metrics: ServerMetrics

    def samples(self) -> Samples:
        return samples(httpx.get(self.url).text)


Measure = Callable[..., Measured]


def samples(text: str) -> Samples:
    """Returns the value of each sample by its name and label values.

    Label values are in the order of their names; of a histogram, its count and sum are there.
    """
    return {
        (each.name, tuple(value for key, value in each.labels.items() if key != "le")): each.value
        for family in text_string_to_metric_families(text)
        for each in family.samples
        if each.labels.get("le") in (None, "+Inf")
    }


class _Observed(PredictionServicer):
    def __init__(self, manager: ModelManager, metrics: ServerMetrics, chosen: Settings) -> None:
        streams = StreamScorer(manager, limits.of_streams(chosen))
        super().__init__(manager, streams, max_batch_rows=chosen.max_batch_rows)
        self._model = manager
        self._metrics = metrics

    def Predict(  # noqa: N802 - the contract names it
        self, request: prediction_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> prediction_pb2.PredictResponse:
        answer = super().Predict(request, context)
        row = np.array(codec_house.decode_house(request.house, "house"))
        ranges = self._model.current().bundle.ranges
        self._metrics.predictions.observe_one(ranges, row, answer.prediction)
        return answer


def new_metrics() -> ServerMetrics:
    """Returns metrics like a server's."""
    return ServerMetrics(
        methods_of(SERVICES),
        predictions=PREDICTIONS,
        version="1.2.3",
        rejections=("UNAUTHENTICATED",),
        gauges={
            "housing_queue_depth": lambda: 3,
            "housing_streams_open": lambda: 0,
            "housing_tls_certificate_expiry_timestamp_seconds": lambda: None,
        },
    )


@pytest.fixture
def measure() -> Iterator[Measure]:
    """Starts measured servers: `measure(folder, tracing=None, **settings)`."""
    with ExitStack() as stack:

        def start(folder: Path, tracing: Tracing | None = None, **settings: object) -> Measured:
            chosen = Settings(grpc_port=0, bundle_dir=str(folder), **settings)  # type: ignore[arg-type]
            metrics = new_metrics()
            manager = ModelManager(
                FolderSource(folder), trial=child.try_bundle, on_live=[metrics.on_live]
            )
            observer = CallObserver(SERVICES, metrics.calls, tracing, manager.version)
            boundary = Boundary(manager.version, observer)
            workers = routes.Workers(chosen)
            stack.callback(workers.stop)
            served = routes.services(
                _Observed(manager, metrics, chosen), ModelServicer(manager), workers, chosen
            )
            table = routes.build(served, workers.stream, boundary)
            server = grpc.server(workers.predict)
            stack.callback(lambda: server.stop(None).wait())
            server.add_generic_rpc_handlers((Gate(table, limits.access(chosen), boundary),))
            address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
            server.start()
            manager.start()
            exposed = MetricsServer("127.0.0.1", 0, render.registry(metrics.state))
            stack.callback(exposed.close)
            options = (("grpc.use_local_subchannel_pool", 1),)
            channel = stack.enter_context(grpc.insecure_channel(address, options))
            return Measured(
                client=client_of(channel, address),
                url=f"http://127.0.0.1:{exposed.port}/metrics",
                metrics=metrics,
            )

        yield start
