"""Calls that travel together: each is served, refused and counted as if it had come alone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from housing.v1 import relay_pb2 as pb
from housing.v1.prediction_pb2 import (
    House,
    PredictBatchRequest,
    PredictBatchResponse,
    PredictRequest,
    PredictResponse,
)
from housing.v1.relay_pb2_grpc import RelayServiceStub

from housing_grpc.calls.relay import Relay
from housing_grpc.services.prediction_service import PredictionServicer
from tests.support.calls import HOUSE
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.serving import Serve, connected, housing_server
from tests.support.waiting import until

PREDICT = "/housing.v1.PredictionService/Predict"
BATCH = "/housing.v1.PredictionService/PredictBatch"
KEY = "k" * 32


def call(method: str, request: Any, *metadata: str, timeout_ms: int = 60_000) -> pb.RelayedCall:
    data = request if isinstance(request, bytes) else request.SerializeToString()
    return pb.RelayedCall(method=method, request=data, metadata=metadata, timeout_ms=timeout_ms)


def reason(answer: pb.RelayedAnswer) -> str:
    info = ErrorInfo()
    assert answer.error.details[0].Unpack(info)
    return str(info.reason)


class Lane:
    """A stream that carries calls."""

    def __init__(self, client: Client) -> None:
        self._messages: SimpleQueue[pb.RelayRequest | None] = SimpleQueue()
        stub = RelayServiceStub(client.channel)
        self.answers: Any = stub.Relay(iter(self._messages.get, None), timeout=SECONDS)

    def ask(self, *calls: pb.RelayedCall) -> list[pb.RelayedAnswer]:
        self._messages.put(pb.RelayRequest(calls=calls))
        return list(next(self.answers).answers)

    def end(self) -> None:
        self._messages.put(None)


@contextmanager
def lane(client: Client) -> Iterator[Lane]:
    opened = Lane(client)
    try:
        yield opened
    finally:
        opened.end()


def test_each_call_has_its_own_answer(linear: Example, serve: Serve) -> None:
    client = serve(linear.folder)
    alone = client.predictions.Predict(HOUSE)
    batch = PredictBatchRequest(items=[HOUSE.house, House(chas=7)])
    with lane(client) as opened:
        first, second, third, bad, none, large, late, broken = opened.ask(
            call(PREDICT, HOUSE),
            call(PREDICT, PredictRequest(house=HOUSE.house, receipt=True)),
            call(BATCH, batch),
            call(PREDICT, PredictRequest(house=House(chas=7))),
            call("/housing.v1.ModelService/ReloadModel", b""),
            call(PREDICT, bytes(4097)),
            call(PREDICT, HOUSE, timeout_ms=0),
            call(PREDICT, b"\xff"),
        )
        # A stream goes on.
        assert opened.ask() == []
        assert opened.ask(call(PREDICT, HOUSE))[0].response
    assert PredictResponse.FromString(first.response).prediction == alone.prediction
    assert len(PredictResponse.FromString(second.response).receipt) == 240
    results = PredictBatchResponse.FromString(third.response).results
    assert [each.WhichOneof("outcome") for each in results] == ["prediction", "error"]
    assert [reason(each) for each in (bad, none, large, late, broken)] == [
        "FEATURE_DOMAIN", "MALFORMED_REQUEST", "MALFORMED_REQUEST", "DEADLINE_EXCEEDED",
        "MALFORMED_REQUEST",
    ]  # fmt: skip
    assert bad.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]


def test_each_call_has_its_own_key_and_rate(linear: Example, serve: Serve) -> None:
    client = serve(linear.folder, api_key=KEY, rate_limit_per_second=1, rate_limit_burst=2)
    with lane(client) as opened:
        answers = opened.ask(
            call(PREDICT, HOUSE),
            call(PREDICT, HOUSE, "x-api-key", "x" * 32),
            call(PREDICT, HOUSE, "authorization", f"Bearer {KEY}"),
            call(PREDICT, HOUSE, "x-api-key", KEY, "x-api-key", KEY),
            *[call(PREDICT, HOUSE, "x-api-key", KEY) for _ in range(40)],
        )
    assert [each.WhichOneof("outcome") for each in answers[:4]] == [
        "error", "error", "response", "error",
    ]  # fmt: skip
    assert [reason(answers[place]) for place in (0, 1, 3)] == ["UNAUTHENTICATED"] * 3
    assert reason(answers[-1]) == "RATE_LIMITED"


def test_metadata_has_its_limit(linear: Example, serve: Serve) -> None:
    client = serve(linear.folder)
    with lane(client) as opened:
        large, fine, odd = opened.ask(
            call(PREDICT, HOUSE, "x-other", "x" * 20_000),
            call(PREDICT, HOUSE),
            call(PREDICT, HOUSE, "x-request-id"),
        )
    assert reason(large) == "METADATA_TOO_LARGE"
    assert fine.response
    assert odd.response


@pytest.mark.parametrize(
    "message",
    [
        b"\xff",
        pb.RelayRequest(calls=[pb.RelayedCall()] * 65).SerializeToString(),
        pb.RelayRequest(calls=[call(PREDICT, HOUSE, *[""] * 100_000)]).SerializeToString(),
        pb.RelayRequest(calls=[call(PREDICT, bytes(2**20))]).SerializeToString(),
    ],
    ids=["no message", "too many calls", "too many texts", "too large"],
)
def test_what_is_no_message_of_a_relay_ends_the_stream(
    linear: Example, serve: Serve, message: bytes
) -> None:
    client = serve(linear.folder)
    stream: Any = client.channel.stream_stream("/housing.v1.RelayService/Relay")
    with pytest.raises(grpc.RpcError) as caught:
        list(stream(iter([message]), timeout=SECONDS))
    assert caught.value.code() is grpc.StatusCode.CANCELLED
    assert client.predictions.Predict(HOUSE).prediction


def test_large_answers_leave_the_rest_to_go_alone(linear: Example, serve: Serve) -> None:
    client = serve(linear.folder, max_batch_rows=2048)
    blanks = PredictBatchRequest(items=[House()] * 2000)
    with lane(client) as opened:
        answers = opened.ask(*[call(BATCH, blanks)] * 5, call(PREDICT, HOUSE))
    found = [each.WhichOneof("outcome") for each in answers]
    assert (found[0], found[-1]) == ("response", None)
    assert sum(len(each.response) for each in answers) < 2**20


def test_nothing_goes_on_for_a_relay_whose_caller_is_gone(
    linear: Example, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[grpc.ServicerContext] = []
    ended = threading.Event()
    is_there = Relay.answer

    def noted(relay: Relay, message: bytes, context: grpc.ServicerContext) -> bytes | None:
        begun.append(context)
        try:
            return is_there(relay, message, context)
        finally:
            ended.set()

    priced = []
    predict = PredictionServicer.Predict

    def slowly(servicer: PredictionServicer, *given: Any) -> Any:
        priced.append(given)
        opened.answers.cancel()
        until(lambda: not begun[0].is_active())
        return predict(servicer, *given)

    monkeypatch.setattr(Relay, "answer", noted)
    monkeypatch.setattr(PredictionServicer, "Predict", slowly)
    client = serve(linear.folder)
    with lane(client) as opened:
        with pytest.raises(grpc.RpcError):
            opened.ask(*[call(PREDICT, HOUSE)] * 64)
        assert ended.wait(SECONDS)
    assert len(priced) == 1


def test_relays_that_go_on_asking_do_not_hold_up_a_stop(linear: Example) -> None:
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder)
        lanes = [Lane(connected(stack, server.port)) for _ in range(16)]
        pool = stack.enter_context(ThreadPoolExecutor(len(lanes)))
        begun = [threading.Event() for _ in lanes]

        def go_on(asking: Lane, once: threading.Event) -> None:
            # What is answered as the server stops is answered in full.
            with suppress(StopIteration, grpc.RpcError):
                while True:
                    assert all(each.response for each in asking.ask(*[call(PREDICT, HOUSE)] * 32))
                    once.set()
            asking.end()

        ended = [pool.submit(go_on, *each) for each in zip(lanes, begun, strict=True)]
        for once in begun:
            assert once.wait(SECONDS)
        server.close(grace_seconds=10 * SECONDS)
        for each in ended:
            each.result()


def test_an_idle_relay_does_not_hold_up_a_stop(linear: Example) -> None:
    with ExitStack() as stack:
        server = housing_server(stack, linear.folder)
        opened = Lane(connected(stack, server.port))
        assert opened.ask(call(PREDICT, HOUSE))[0].response
        server.close(grace_seconds=10 * SECONDS)
        with pytest.raises(grpc.RpcError):
            next(opened.answers)
        opened.end()
