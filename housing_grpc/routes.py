"""Wires methods to their servicers, workers and limits."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from google.protobuf.descriptor import ServiceDescriptor
from housing.v1 import model_pb2, prediction_pb2

from housing_grpc.call import Method
from housing_grpc.gate import Route
from housing_grpc.pool import CallPool
from housing_grpc.rpc import Boundary, StreamMethod, UnaryMethod
from housing_grpc.service import ModelServicer, PredictionServicer
from housing_grpc.settings import Settings

PREDICTION: ServiceDescriptor = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]
MODEL: ServiceDescriptor = model_pb2.DESCRIPTOR.services_by_name["ModelService"]
SERVICES = (PREDICTION.full_name, MODEL.full_name)

# A reload blocks its worker for seconds; ModelInfo must not wait behind it.
_MODEL_WORKERS = 4
_MODEL_QUEUE = 64
# Beyond the streams that are served: workers that tell others that there are too many.
_REFUSING_WORKERS = 4
# Callers at a time that may send headers and keep their message back.
_SPARE_WORKERS = 512


class Workers:
    """The threads that serve calls.

    Args:
        chosen: The settings.
    """

    def __init__(self, chosen: Settings) -> None:
        patience = chosen.request_timeout_seconds
        self.predict = CallPool(
            chosen.grpc_workers, spare=_SPARE_WORKERS, patience_seconds=patience, name="predict"
        )
        self.model = CallPool(
            _MODEL_WORKERS, spare=_SPARE_WORKERS, patience_seconds=patience, name="model"
        )
        self.stream = ThreadPoolExecutor(
            chosen.max_streams + _REFUSING_WORKERS, thread_name_prefix="stream"
        )

    def stop(self) -> None:
        """Lets the threads end when they have nothing more to do."""
        for pool in (self.predict, self.model, self.stream):
            pool.shutdown(wait=False)


def build(
    prediction: PredictionServicer,
    model: ModelServicer,
    workers: Workers,
    boundary: Boundary,
    *,
    max_queued_calls: int,
) -> dict[str, Route]:
    """Returns the routes of all methods, by path."""
    routes = []
    for service, servicer, pool, longest in (
        (PREDICTION, prediction, workers.predict, max_queued_calls),
        (MODEL, model, workers.model, _MODEL_QUEUE),
    ):
        for descriptor in service.methods:
            method = Method(descriptor)
            serve = getattr(servicer, method.name)
            if method.streams:
                stream = StreamMethod(method, serve, workers.stream, boundary)
                # Streams have a limit of their own, which StreamScorer keeps.
                routes.append(Route(method, stream.handler, crowded=lambda: False))
            else:
                unary = UnaryMethod(method, serve, pool, boundary)
                routes.append(Route(method, unary.handler, crowded=partial(_full, pool, longest)))
    return {route.method.path: route for route in routes}


def _full(pool: CallPool, longest: int) -> bool:
    return pool.queued() >= longest
