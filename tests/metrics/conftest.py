"""A real server whose calls are counted, with its metrics on a port of their own."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from housing_grpc.metrics import render
from housing_grpc.metrics.call_observer import methods_of
from housing_grpc.metrics.exposition import MetricsServer
from housing_grpc.metrics.server_metrics import ServerMetrics
from housing_grpc.metrics.tracing import Tracing
from housing_grpc.serving import routes
from tests.support.client import Client
from tests.support.serving import connected, housing_server

SERVICES = (routes.PREDICTION, routes.MODEL)
PREDICTIONS = routes.PREDICTION.full_name

Samples = dict[tuple[str, tuple[str, ...]], float]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A server, and where its metrics are."""

    client: Client
    url: str

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
def measure(stack: ExitStack) -> Measure:
    """Starts measured servers: `measure(folder, tracing=None, **settings)`."""

    def start(folder: Path, tracing: Tracing | None = None, **settings: object) -> Measured:
        server = housing_server(stack, folder, tracing, metrics_enabled=False, **settings)
        exposed = MetricsServer("127.0.0.1", 0, render.registry(server.metrics.state))
        stack.callback(exposed.close)
        return Measured(
            client=connected(stack, server.port),
            url=f"http://127.0.0.1:{exposed.port}/metrics",
        )

    return start
