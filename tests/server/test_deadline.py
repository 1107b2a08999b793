"""Calls that nobody waits for any more are not computed."""

import threading
from typing import Any

import grpc
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ModelInfoResponse
from housing.v1.model_pb2_grpc import ModelServiceServicer
from housing.v1.prediction_pb2 import (
    House,
    PredictBatchRequest,
    PredictRequest,
    PredictResponse,
)
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from tests.examples import Example
from tests.server.conftest import Events, Host, Serve
from tests.server.wire import SECONDS, Client, failure


class Slow(PredictionServiceServicer):
    """Computes one call at a time, each when it is told to."""

    def __init__(self) -> None:
        self.computed: list[float] = []
        self.busy = threading.Event()
        self.go_on = threading.Event()

    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.computed.append(request.house.rm)
        self.busy.set()
        assert self.go_on.wait(SECONDS)
        return PredictResponse()


class Prompt(ModelServiceServicer):
    def ModelInfo(self, request: ModelInfoRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return ModelInfoResponse()


def later(client: Client, rooms: float, timeout: float = SECONDS) -> Any:
    request = PredictRequest(house=House(rm=rooms))
    return client.predictions.Predict.future(request, timeout=timeout)


def settle(client: Client) -> None:
    """Returns once the server has seen all that was sent to it over this connection."""
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)


def test_a_deadline_that_passes_while_the_call_is_queued(host: Host) -> None:
    slow = Slow()  # type: ignore[abstract]
    client = host(slow, Prompt())  # type: ignore[abstract]
    first = later(client, 1)
    assert slow.busy.wait(SECONDS)
    second = later(client, 2, timeout=0.2)
    third = later(client, 3)
    assert failure(second.result).code == StatusCode.DEADLINE_EXCEEDED.value[0]
    settle(client)
    slow.go_on.set()
    assert (first.result(), third.result()) == (PredictResponse(), PredictResponse())
    assert slow.computed == [1, 3]


def test_a_call_that_is_cancelled_while_it_is_queued(host: Host) -> None:
    slow = Slow()  # type: ignore[abstract]
    client = host(slow, Prompt())  # type: ignore[abstract]
    first = later(client, 1)
    assert slow.busy.wait(SECONDS)
    second = later(client, 2)
    settle(client)
    second.cancel()
    third = later(client, 3)
    settle(client)
    slow.go_on.set()
    assert (first.result(), third.result()) == (PredictResponse(), PredictResponse())
    assert slow.computed == [1, 3]


def test_a_batch_ends_between_two_chunks_when_its_deadline_passes(
    serve: Serve, forest: Example, events: Events
) -> None:
    client = serve(forest.folder, grpc_workers=1)
    # Every row has to be imputed from its nearest neighbours, which takes seconds in all.
    request = PredictBatchRequest(items=[House(rm=6)] * 10_000)
    status = failure(lambda: client.predictions.PredictBatch(request, timeout=0.3))
    assert status.code == StatusCode.DEADLINE_EXCEEDED.value[0]
    logged = events.wait_for("call.failed")
    assert (logged["method"], logged["reason"]) == (
        "housing.v1.PredictionService.PredictBatch",
        "DEADLINE_EXCEEDED",
    )
    assert client.predictions.Predict(
        PredictRequest(house=House(rm=6)), timeout=SECONDS
    ).model_version
