"""Wires methods to their servicers, workers and limits."""

import math
import threading
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from housing.v1 import experiment_pb2, feedback_pb2, model_pb2, prediction_pb2, relay_pb2

from housing_grpc.calls import threadless_stream
from housing_grpc.calls.admission import Admission, Route
from housing_grpc.calls.call import Method
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.call_pool import CallPool
from housing_grpc.calls.parse_guard import Parse, parser
from housing_grpc.calls.relay import MOST_FIELDS, Relay
from housing_grpc.calls.stream_slots import StreamSlots
from housing_grpc.calls.streaming import StreamMethod
from housing_grpc.calls.unary import UnaryMethod
from housing_grpc.calls.unread_responses import UnreadResponses
from housing_grpc.feedback.request import read as read_outcomes
from housing_grpc.feedback.service import FeedbackServicer
from housing_grpc.houses import decode, wire_scan
from housing_grpc.houses.wire_scan import Nested
from housing_grpc.oip import messages, request
from housing_grpc.oip.servicer import InferenceServicer
from housing_grpc.services.experiment_service import ExperimentServicer
from housing_grpc.services.model_service import ModelServicer
from housing_grpc.services.prediction_service import PredictionServicer
from housing_grpc.serving import feedback
from housing_grpc.settings import Settings

PREDICTION: ServiceDescriptor = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]
MODEL: ServiceDescriptor = model_pb2.DESCRIPTOR.services_by_name["ModelService"]
FEEDBACK: ServiceDescriptor = feedback_pb2.DESCRIPTOR.services_by_name["FeedbackService"]
EXPERIMENT: ServiceDescriptor = experiment_pb2.DESCRIPTOR.services_by_name["ExperimentService"]

RELAY: ServiceDescriptor = relay_pb2.DESCRIPTOR.services_by_name["RelayService"]

_TOGETHER = tuple(f"/{PREDICTION.full_name}/{name}" for name in ("Predict", "PredictBatch"))
_PROBES = frozenset({"ServerLive", "ServerReady", "ModelReady"})
_METADATA = frozenset({"ServerMetadata", "ModelMetadata", "ModelConfig", "RepositoryIndex"})

# A reload blocks its worker for seconds; ModelInfo must not wait behind it.
_MODEL_WORKERS = 4
_MOST_QUEUED_OF_MODEL = 256
# Each waits for the store's disk, and those that wait share one commit.
_MOST_QUEUED_OF_FEEDBACK = 256
# Nobody needs a key for them, and each may have sent a message of the largest size.
_MOST_QUEUED_PROBES = 64
_REFLECTION_WORKERS = 2
# Tools ask one question after the other, and open another stream where the last has ended.
_REFLECTION_SECONDS = 10.0
# Nobody needs a key for them, and each may have sent most of a message of the largest size.
_MOST_REFLECTIONS = 64
# A proxy has some for each of its processes; nobody needs a key to open one.
_MOST_RELAYS = 64
_RELAY_SECONDS = 60.0
_RELAYED: Nested = {relay_pb2.RelayRequest.DESCRIPTOR.fields_by_name["calls"].number: {}}
# Beyond the streams that are served: workers that answer others that there are too many.
_REFUSING_WORKERS = 4


class Workers:
    """The threads that serve calls.

    Args:
        chosen: The settings.
        threadless_waits: As of the pools.
    """

    def __init__(self, chosen: Settings, *, threadless_waits: bool) -> None:
        self.threadless_waits = threadless_waits
        patience = chosen.request_timeout_seconds
        pool = partial(CallPool, threadless_waits=threadless_waits)
        self.predict = pool(chosen.grpc_workers, patience_seconds=patience, name="predict")
        self.model = pool(_MODEL_WORKERS, patience_seconds=patience, name="model")
        # Of their own: a slow store holds no thread of prices.
        self.feedback = pool(feedback.WORKERS, patience_seconds=patience, name="feedback")
        self.reflection = pool(
            _REFLECTION_WORKERS,
            patience_seconds=_REFLECTION_SECONDS,
            name="reflection",
            most_waiting=_MOST_REFLECTIONS,
        )
        self.relay = pool(
            chosen.grpc_workers,
            patience_seconds=_RELAY_SECONDS,
            name="relay",
            most_waiting=_MOST_RELAYS,
        )
        self.stream = ThreadPoolExecutor(
            chosen.max_streams + _REFUSING_WORKERS, thread_name_prefix="stream"
        )

    def stop(self) -> None:
        """Lets the threads end when they have nothing more to do."""
        for pool in (
            self.predict, self.model, self.feedback, self.reflection, self.relay, self.stream,
        ):  # fmt: skip
            pool.shutdown(wait=False)


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A service and what serves it.

    Attributes:
        service: From its generated module.
        servicer: Has a method for each of the service's.
        pool: Runs the calls that are no streams.
        most_queued: Most calls that wait for a worker of the pool.
        longest_wait: Most seconds for which one may have to wait.
        reads: Make what a servicer takes of the bytes of a request, by the name of the method;
            the others take messages.
        streams: Room for its methods that are streams.
        only: The methods that are served so; all if empty.
    """

    service: ServiceDescriptor
    servicer: object
    pool: CallPool
    most_queued: int
    longest_wait: float
    streams: StreamSlots
    reads: Mapping[str, Parse] = field(default_factory=dict)
    only: Collection[str] = ()


def descriptors(chosen: Settings) -> tuple[ServiceDescriptor, ...]:
    """Returns the services that are served."""
    own = PREDICTION, MODEL, FEEDBACK, EXPERIMENT
    return (*own, messages.SERVICE) if chosen.speaks_oip else own


def readers(batch_rows: int, chunk_rows: int) -> dict[str, Parse]:
    """Returns what makes rows of the bytes of requests, by the name of the method.

    Args:
        batch_rows: Most houses of a batch.
        chunk_rows: Most houses of a chunk of a stream.
    """
    return {
        "Predict": decode.read_house,
        "PredictBatch": partial(decode.read_batch, most=batch_rows),
        "PredictStream": partial(decode.read_chunk, most=chunk_rows),
        "RecordOutcomes": partial(read_outcomes, most=batch_rows),
    }


def services(
    prediction: PredictionServicer,
    model: ModelServicer,
    outcomes: FeedbackServicer,
    experiment: ExperimentServicer,
    *,
    streams: StreamSlots,
    workers: Workers,
    chosen: Settings,
) -> tuple[ServiceSpec, ...]:
    """Returns all that the server serves."""
    reads = readers(chosen.max_batch_rows, chosen.max_chunk_rows)
    return (
        ServiceSpec(
            service=PREDICTION,
            servicer=prediction,
            pool=workers.predict,
            most_queued=chosen.max_queued_calls,
            longest_wait=chosen.max_queue_seconds,
            reads=reads,
            streams=streams,
        ),
        ServiceSpec(
            service=MODEL,
            servicer=model,
            pool=workers.model,
            most_queued=_MOST_QUEUED_OF_MODEL,
            longest_wait=math.inf,
            streams=streams,
        ),
        ServiceSpec(
            service=FEEDBACK,
            servicer=outcomes,
            pool=workers.feedback,
            most_queued=_MOST_QUEUED_OF_FEEDBACK,
            longest_wait=math.inf,
            reads=reads,
            streams=streams,
        ),
        ServiceSpec(
            service=EXPERIMENT,
            servicer=experiment,
            # It asks the store of outcomes, too.
            pool=workers.feedback,
            most_queued=_MOST_QUEUED_OF_FEEDBACK,
            longest_wait=math.inf,
            streams=streams,
        ),
    )


def inference(
    servicer: InferenceServicer,
    streams: StreamSlots,
    workers: Workers,
    probes: CallPool,
    chosen: Settings,
) -> tuple[ServiceSpec, ...]:
    """Returns the service of the Open Inference Protocol, whose methods are of three kinds.

    Args:
        servicer: Has a method for each.
        streams: Room for streams.
        workers: Serve calls.
        probes: Answers them when all workers are busy.
        chosen: The settings.
    """
    spec = partial(ServiceSpec, service=messages.SERVICE, servicer=servicer, streams=streams)
    aside = partial(spec, most_queued=_MOST_QUEUED_OF_MODEL, longest_wait=math.inf)
    most = chosen.max_batch_rows
    return (
        spec(
            pool=workers.predict,
            most_queued=chosen.max_queued_calls,
            longest_wait=chosen.max_queue_seconds,
            # A stream's are read one by one: what is wrong with one ends that one alone.
            reads={
                "ModelInfer": lambda data: request.read(request.parse(data), most),
                "ModelStreamInfer": partial(request.attempt, most=most),
            },
            only={"ModelInfer", "ModelStreamInfer"},
        ),
        aside(pool=workers.model, only=_METADATA),
        aside(pool=probes, most_queued=_MOST_QUEUED_PROBES, only=_PROBES),
    )


def relay(
    table: Mapping[str, Route],
    admission: Admission,
    call_end: CallEnd,
    pool: CallPool,
    processes: int,
) -> Any:
    """Returns what serves calls that travel together.

    Args:
        table: The routes.
        admission: Admits each call.
        call_end: Ends those that fail.
        pool: Serves the messages.
        processes: So many serve on the port.
    """
    carried = Relay(
        table, _TOGETHER, admission, call_end,
        crowded=partial(wire_scan.holds_more, nested=_RELAYED, most=MOST_FIELDS),
        kind=relay_pb2.RelayRequest, answer=relay_pb2.RelayResponse, processes=processes,
    )  # fmt: skip
    handler = threadless_stream.handler(carried.answer, pool)
    return grpc.method_handlers_generic_handler(RELAY.full_name, {"Relay": handler})


def build(
    served: Iterable[ServiceSpec], streams: ThreadPoolExecutor, call_end: CallEnd
) -> dict[str, Route]:
    """Returns the routes of all methods, by path."""
    building = _Routes(streams, call_end)
    routes = (
        building.route(Method(descriptor), each)
        for each in served
        for descriptor in each.service.methods
        if not each.only or descriptor.name in each.only
    )
    return {route.method.path: route for route in routes}


class _Routes:
    def __init__(self, streams: ThreadPoolExecutor, call_end: CallEnd) -> None:
        self._streams = streams
        self._call_end = call_end
        # Of all methods together.
        self._unread = UnreadResponses()
        self._turn = threading.Lock()

    def route(self, method: Method, served: ServiceSpec) -> Route:
        serve = getattr(served.servicer, method.name)
        parse = parser(method, served.reads.get(method.name), self._turn)
        end, unread = self._call_end, self._unread
        if method.streams:
            stream = StreamMethod(
                parse, serve, self._streams, end, unread=unread, room=served.streams
            )
            return Route(method, stream.handler, check_room=stream.check_room)
        unary = UnaryMethod(
            parse,
            serve,
            served.pool,
            end,
            unread,
            most_queued=served.most_queued,
            longest_wait=served.longest_wait,
        )
        return Route(method, unary.handler, check_room=unary.check_room, answer=unary.answer)
