"""Servers to stream to, and what a stream says."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.server import HousingServer
from tests.support import waiting
from tests.support.examples import Rows
from tests.support.serving import ALONE, housing_server

SECONDS = waiting.SECONDS

_OPTIONS = (
    *ALONE,
    ("grpc.max_receive_message_length", -1),
    # A connection holds 64 kB of answers for a reader, not what it finds out to be good.
    ("grpc.http2.bdp_probe", 0),
)

Requests = Sequence[pb.PredictStreamRequest]


@dataclass(kw_only=True)
class Told:
    """All that a stream said: answers, the summary, and the error that ended it, if any."""

    chunks: list[pb.ChunkResult] = field(default_factory=list)
    summary: pb.StreamSummary | None = None
    error: Status | None = None


class Target:
    """A server in this process and a channel of its own to it."""

    def __init__(self, server: HousingServer, channel: grpc.Channel) -> None:
        self.server = server
        self.channel = channel
        self.predictions = PredictionServiceStub(channel)

    def stream(self, requests: Iterator[Any], timeout: float = SECONDS) -> Any:
        """Starts a stream; the answers are a grpc.Call, too."""
        return self.predictions.PredictStream(requests, timeout=timeout)

    def ask(self, requests: Requests) -> Told:
        """Sends all chunks and half-closes; returns all that was said."""
        return listen(self.stream(iter(requests)))

    def open(self) -> int:
        """Gives how many streams the server serves now."""
        (count,) = self.server.state()["housing_streams_open"][()]
        return int(count)

    def healthy(self) -> bool:
        """Asks the health service, as a probe with little time does."""
        check = health_pb2_grpc.HealthStub(self.channel).Check  # type: ignore[attr-defined]
        answer = check(health_pb2.HealthCheckRequest(), timeout=5)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


Start = Callable[..., Target]


def listen(call: Any) -> Told:
    """Returns all that a stream says."""
    told = Told()
    try:
        for message in call:
            if message.HasField("chunk"):
                told.chunks.append(message.chunk)
            else:
                told.summary = message.summary
    except grpc.RpcError:
        told.error = rpc_status.from_call(call) or Status(
            code=call.code().value[0], message=call.details()
        )
    return told


class Open:
    """A stream that stays open: nothing is sent but what a test sends."""

    def __init__(self, target: Target, timeout: float = SECONDS) -> None:
        self._sent: list[Any] = []
        self._more = threading.Condition()
        self.taken = 0
        self.call = target.stream(self._requests(), timeout)

    def send(self, request: pb.PredictStreamRequest) -> None:
        """Sends a chunk."""
        with self._more:
            self._sent.append(request)
            self._more.notify()

    def half_close(self) -> None:
        """Says that no more chunks come."""
        with self._more:
            self._sent.append(None)
            self._more.notify()

    def answer(self) -> pb.PredictStreamResponse:
        """Waits for the next answer."""
        found: pb.PredictStreamResponse = next(self.call)
        return found

    def close(self) -> None:
        """Ends the stream and gRPC's thread that waits for its next chunk."""
        self.half_close()
        self.call.cancel()

    def _requests(self) -> Iterator[pb.PredictStreamRequest]:
        while True:
            with self._more:
                self._more.wait_for(lambda: self._sent)
                request = self._sent.pop(0)
            if request is None:
                return
            self.taken += 1
            yield request


def matrix(
    rows: Rows, sequence: int = 0, features: Sequence[str] = FEATURE_NAMES, *, pin: bool = False
) -> pb.PredictStreamRequest:
    """Returns a chunk in the form of numbers."""
    block = pb.HouseMatrix(features=features, values=rows.astype("<f8").tobytes())
    return pb.PredictStreamRequest(sequence=sequence, matrix=block, pin_model=pin)


def listed(items: Sequence[pb.House], sequence: int = 0) -> pb.PredictStreamRequest:
    """Returns a chunk in the form of rows."""
    return pb.PredictStreamRequest(sequence=sequence, rows=pb.HouseRows(items=items))


def start_target(stack: ExitStack, folder: Path, **settings: Any) -> Target:
    """Starts a server and a channel to it, both closed by the stack."""
    server = housing_server(stack, folder, **{"drain_seconds": 0, **settings})
    channel = grpc.insecure_channel(f"127.0.0.1:{server.port}", _OPTIONS)
    return Target(server, stack.enter_context(channel))
