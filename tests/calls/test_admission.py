"""Whom the door lets in: room, and what a call that is let in may raise."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ModelInfoResponse
from housing.v1.model_pb2_grpc import ModelServiceServicer
from housing.v1.prediction_pb2 import (
    PredictRequest,
    PredictResponse,
    PredictStreamRequest,
)
from housing.v1.prediction_pb2_grpc import PredictionServiceServicer

from tests.http2.frames import data, message
from tests.support import hosting
from tests.support.calls import HOUSE, INTERNAL
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.serving import MODEL, PREDICTION, Events, Host, Serve, connected
from tests.support.slow_callers import headers_only
from tests.support.waiting import until

ROOM = 3


class Held(PredictionServiceServicer):
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.busy = threading.Semaphore(0)
        self.calls = 0

    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        self.calls += 1
        self.busy.release()
        assert self.go_on.wait(SECONDS)
        return PredictResponse(prediction=1)


class Raising(PredictionServiceServicer):
    def __init__(self, error: BaseException) -> None:
        self._error = error

    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        raise self._error

    def PredictStream(  # noqa: N802
        self, request_iterator: Iterator[Any], context: grpc.ServicerContext
    ) -> Any:
        return map(self._raise, request_iterator)

    def _raise(self, _: object) -> Any:
        raise self._error


class Prompt(ModelServiceServicer):
    def ModelInfo(self, request: ModelInfoRequest, context: grpc.ServicerContext) -> Any:  # noqa: N802
        return ModelInfoResponse(version="prompt")


def overloaded(status: Status) -> bool:
    """Asserts that an error is that of a full queue, with a delay; for use in `all`."""
    retry = RetryInfo()
    assert status.code == StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert reason_of(status) == "OVERLOADED"
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.ToMilliseconds() == 100
    return True


def later(client: Client) -> Any:
    return client.predictions.Predict.future(HOUSE, timeout=SECONDS)


def test_a_full_queue_refuses_at_once_and_serves_what_is_in_it(stack: ExitStack) -> None:
    held = Held()  # type: ignore[abstract]
    pool = hosting.pool_of(stack, 1)
    models = hosting.served(MODEL, Prompt(), hosting.pool_of(stack, 1))  # type: ignore[abstract]
    predictions = replace(hosting.served(PREDICTION, held, pool), most_queued=ROOM)
    address = hosting.start(stack, predictions, models, version=lambda: "v")
    client = connected(stack, int(address.rpartition(":")[2]))
    working = later(client)
    assert held.busy.acquire(timeout=SECONDS)
    queued = [later(client) for _ in range(ROOM)]
    info = client.models.ModelInfo
    assert info(ModelInfoRequest(), timeout=SECONDS).version == "prompt"
    # The worker is busy and will be: only a refusal can end these.
    assert all(overloaded(failure(later(client).result)) for _ in range(20))
    assert info(ModelInfoRequest(), timeout=SECONDS).version == "prompt"
    held.go_on.set()
    assert {call.result().prediction for call in (working, *queued)} == {1}
    assert held.calls == 1 + ROOM
    assert later(client).result().prediction == 1


def test_a_full_queue_refuses_before_there_is_a_message(stack: ExitStack) -> None:
    held, ended = Held(), threading.Event()  # type: ignore[abstract]

    def nothing() -> Iterator[bytes]:
        ended.wait(SECONDS)
        yield from ()

    pool = hosting.pool_of(stack, 1)
    predictions = replace(hosting.served(PREDICTION, held, pool), most_queued=1)
    address = hosting.start(stack, predictions, version=lambda: "v")
    client = connected(stack, int(address.rpartition(":")[2]))
    calls = [later(client)]
    assert held.busy.acquire(timeout=SECONDS)
    calls.append(later(client))
    until(lambda: pool.queue()[0] == 1)
    call: Any = client.channel.stream_unary(f"/{PREDICTION.full_name}/Predict")
    assert overloaded(failure(lambda: call(nothing(), timeout=SECONDS)))
    ended.set()
    held.go_on.set()
    assert [call.result().prediction for call in calls] == [1, 1]


def test_messages_that_come_late_find_the_queue_as_full(stack: ExitStack) -> None:
    held = Held()  # type: ignore[abstract]
    pool = hosting.pool_of(stack, 1)
    predictions = replace(hosting.served(PREDICTION, held, pool), most_queued=ROOM)
    port = int(hosting.start(stack, predictions, version=lambda: "v").rpartition(":")[2])
    # All are let in while there is room, as none of them is in the queue yet.
    [(connection, streams)] = headers_only(stack, port, 1 + ROOM + 20, connections=1)
    content = message(HOUSE.SerializeToString())
    connection.send(data(streams[0], content))
    assert held.busy.acquire(timeout=SECONDS)
    connection.send(*(data(stream, content) for stream in streams[1:]))
    refused = [connection.listen(stream).status(stream) for stream in streams[1 + ROOM :]]
    assert refused == [str(StatusCode.RESOURCE_EXHAUSTED.value[0])] * 20
    held.go_on.set()
    served = [connection.listen(stream).status(stream) for stream in streams[: 1 + ROOM]]
    assert served == ["0"] * (1 + ROOM)
    assert held.calls == 1 + ROOM


def test_a_full_queue_of_a_server(serve: Serve, linear: Example, stack: ExitStack) -> None:
    """More callers than there are workers and places; health and ModelInfo need neither."""
    client = serve(linear.folder, grpc_workers=1, max_queued_calls=1)
    headers_only(stack, int(client.address.rpartition(":")[2]), 200)
    for _ in range(20):
        assert check(client).status == SERVING
        info = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
        assert info.version == linear.version


RAISED = [
    SystemExit(3), KeyboardInterrupt(), GeneratorExit(), StopIteration("secret"),
    MemoryError("secret"), RecursionError("secret"), grpc.RpcError("secret"), ValueError("secret"),
    BaseException("secret"),
]  # fmt: skip


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_a_handler_raises_even_systemexit(host: Host, events: Events, error: BaseException) -> None:
    client = host(Raising(error), Prompt())  # type: ignore[abstract]
    # More than there are workers: none of them is lost.
    assert [failure(later(client).result) for _ in range(5)] == [INTERNAL] * 5
    # A server of another test may still tell of calls that it ended.
    assert "INTERNAL" in [each["reason"] for each in events.of("call.failed")]
    assert client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).version == "prompt"


@pytest.mark.parametrize(
    "error",
    [
        each
        for each in RAISED
        if not isinstance(each, GeneratorExit | grpc.RpcError | StopIteration)
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_handler_of_streams_raises_even_systemexit(host: Host, error: BaseException) -> None:
    client = host(Raising(error))  # type: ignore[abstract]
    for _ in range(8):
        answers = client.predictions.PredictStream(iter([PredictStreamRequest()]), timeout=SECONDS)
        assert failure(lambda: next(answers)) == INTERNAL  # noqa: B023


def test_calls_that_have_room_are_all_answered(serve: Serve, linear: Example) -> None:
    # How long one may have to wait is guessed from the calls before, which a slow machine makes
    # long: here it is the number that counts.
    client = serve(linear.folder, grpc_workers=2, max_queued_calls=200, max_queue_seconds=3600)
    with ThreadPoolExecutor(16) as callers:
        answers = callers.map(lambda _: later(client).result().model_version, range(200))
        assert set(answers) == {linear.version}
