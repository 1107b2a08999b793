"""What is measured of a server."""

from collections.abc import Callable
from importlib.metadata import version

from housing_grpc.base.errors import Area, Reason
from housing_grpc.calls.stream_slots import StreamSlots
from housing_grpc.metrics.call_observer import methods_of
from housing_grpc.metrics.server_metrics import ServerMetrics
from housing_grpc.serving import routes
from housing_grpc.serving.routes import Workers
from housing_grpc.serving.tls import Certificates
from housing_grpc.settings import Settings

Gauges = dict[str, Callable[[], float | None]]


def metrics(gauges: Gauges, chosen: Settings) -> ServerMetrics:
    """Returns the metrics of one server.

    Args:
        gauges: Asked at each scrape; may be filled later.
        chosen: The settings.
    """
    return ServerMetrics(
        methods_of(routes.descriptors(chosen)),
        predictions=routes.PREDICTION.full_name,
        version=version("housing-grpc"),
        rejections=[reason for reason in Reason if reason.area is Area.ADMISSION],
        gauges=gauges,
    )


def gauges(workers: Workers, streams: StreamSlots, certificates: Certificates | None) -> Gauges:
    """Returns what is asked at each scrape.

    Args:
        workers: Threads that serve.
        streams: Streams that are open.
        certificates: What TLS is served with, if it is.
    """
    return {
        "housing_queue_depth": lambda: workers.predict.queue()[0],
        "housing_streams_open": streams.count,
        "housing_grpcio_fallback": lambda: float(not workers.threadless_waits),
        "housing_tls_certificate_expiry_timestamp_seconds": lambda: (
            certificates.expires() if certificates else None
        ),
    }
