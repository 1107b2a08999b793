"""Servers that do one thing each, whatever they are asked."""
# ruff: noqa: N802 - the contract names the methods

import threading
from typing import Any

import grpc
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from housing_grpc.base.errors import Reason, ServingError
from tests.support.waiting import SECONDS


class Base(PredictionServiceServicer):
    """Knows no call."""

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError

    def PredictBatch(self, request: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        raise NotImplementedError


class Recorder(Base):
    """Answers everything with 7, and keeps the metadata of each call."""

    def __init__(self) -> None:
        self.metadata: list[dict[str, Any]] = []

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata() or ()))
        return pb.PredictResponse(prediction=7, model_version=context.peer())

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        self.metadata.append(dict(context.invocation_metadata() or ()))
        for request in request_iterator:
            chunk = pb.ChunkResult(sequence=request.sequence, model_version="7")
            chunk.prices.values = bytes(8 * (len(request.matrix.values) // 104))
            yield pb.PredictStreamResponse(chunk=chunk)


class Refuser(Base):
    """Refuses each call, and counts them."""

    def __init__(self, reason: Reason, answers: int = 0) -> None:
        self.calls = 0
        self._reason = reason
        self._answers = answers

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.calls += 1
        if 0 < self._answers <= self.calls:
            return pb.PredictResponse(prediction=7)
        raise ServingError(self._reason, "not now", retry_seconds=1.5)

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        yield self.Predict(None, context)


class Sleeper(Base):
    """Answers nothing as long as its caller waits."""

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:
        _sleep(context)
        return pb.PredictResponse()

    def PredictStream(self, request_iterator: Any, context: grpc.ServicerContext) -> Any:
        _sleep(context)
        yield from ()


def _sleep(context: grpc.ServicerContext) -> None:
    # Of this call alone: the end of the one before it must not let go of the next.
    over = threading.Event()
    # A call that has ended already takes no callback.
    if context.add_callback(over.set):
        over.wait(SECONDS)
