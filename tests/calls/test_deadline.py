"""Calls that nobody waits for any more are not computed."""

import struct
import threading
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ModelInfoResponse
from housing.v1.model_pb2_grpc import ModelServiceServicer
from housing.v1.prediction_pb2 import (
    House,
    HouseMatrix,
    HouseRows,
    PredictBatchRequest,
    PredictRequest,
    PredictResponse,
    PredictStreamRequest,
)
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from housing_grpc.calls.deadline import check_active
from housing_grpc.model.live import LiveModel
from housing_grpc.services import scorer
from housing_grpc.services.scorer import Scorer
from tests.http2.frames import Connection, data, message
from tests.support.client import SECONDS, Client, failure
from tests.support.examples import Example
from tests.support.serving import Events, Host, Serve
from tests.support.waiting import until

SERVICE = "housing.v1.PredictionService"


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


HOUSES = [House(rm=6)] * 1025
MATRIX = HouseMatrix(features=["RM"], values=struct.pack("<1025d", *[6.0] * 1025))
LONG: dict[str, tuple[str, Message]] = {
    "batch": ("PredictBatch", PredictBatchRequest(items=HOUSES)),
    "rows": ("PredictStream", PredictStreamRequest(rows=HouseRows(items=HOUSES))),
    "matrix": ("PredictStream", PredictStreamRequest(matrix=MATRIX)),
}


@pytest.mark.parametrize("form", LONG)
def test_many_houses_end_between_two_parts_when_their_deadline_passes(
    serve: Serve, linear: Example, events: Events, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    begun: list[int] = []
    calls: list[grpc.ServicerContext] = []

    def noted(context: grpc.ServicerContext) -> None:
        calls.append(context)
        check_active(context)

    def slowed(score: Callable[..., Any]) -> Callable[..., Any]:
        def slowly(
            scorer: Scorer, live: LiveModel, rows: Any, start: int, *more: Any, **named: Any
        ) -> Any:
            begun.append(start)
            until(lambda: calls[0].time_remaining() <= 0)
            return score(scorer, live, rows, start, *more, **named)

        return slowly

    monkeypatch.setattr(scorer, "check_active", noted)
    for name in ("score_houses", "score_matrix"):
        monkeypatch.setattr(Scorer, name, slowed(getattr(Scorer, name)))
    client = serve(linear.folder, grpc_workers=1)
    method, request = LONG[form]
    content = data(1, message(request.SerializeToString()))
    # This caller does not look at the time itself: it might end the call before the server does.
    with Connection(int(client.address.rpartition(":")[2])) as connection:
        headers = connection.headers(1, path=f"/{SERVICE}/{method}", grpc_timeout="500m")
        connection.greet().send(headers, content)
        logged = events.wait_for("call.failed")
        heard = connection.listen(1)
    assert heard.headers[1]["grpc-status"] == str(StatusCode.DEADLINE_EXCEEDED.value[0])
    assert (logged["method"], logged["reason"]) == (f"{SERVICE}.{method}", "DEADLINE_EXCEEDED")
    # The machine may stand still for all of its time: then not one chunk is begun.
    assert begun in ([], [0])
    assert client.predictions.Predict(
        PredictRequest(house=House(rm=6)), timeout=SECONDS
    ).model_version
