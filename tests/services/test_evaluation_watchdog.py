"""Evaluations that never end: the server says so, and stops as it should."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from housing.v1.prediction_pb2 import (
    House,
    HouseRows,
    PredictBatchRequest,
    PredictRequest,
    PredictStreamRequest,
)

from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.model import Bundle
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.health import NOT_SERVING, SERVING, watch
from tests.support.processes import ServerProcess, started
from tests.support.serving import Events, Serve
from tests.workers.spinning import SPINS_AT

Connect = Callable[[int], Client]

HOUSE = House(rm=SPINS_AT)
LIMIT = 0.5


def price_one(client: Client) -> Any:
    return client.predictions.Predict.future(PredictRequest(house=HOUSE), timeout=600)


def price_many(client: Client) -> Any:
    return client.predictions.PredictBatch.future(PredictBatchRequest(items=[HOUSE]), timeout=600)


def price_a_chunk(client: Client) -> Any:
    chunk = PredictStreamRequest(rows=HouseRows(items=[HOUSE]))
    return client.predictions.PredictStream(iter([chunk]), timeout=600)


@pytest.mark.parametrize("ask", [price_one, price_many, price_a_chunk])
def test_an_evaluation_that_takes_too_long_is_told_until_it_ends(
    serve: Serve,
    linear: Example,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Client], Any],
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(Bundle, "predict", _held(Bundle.predict, go_on))
    monkeypatch.setattr(Bundle, "answer_plain", lambda *_: None)
    client = serve(linear.folder, max_call_seconds=LIMIT)
    states = watch(client)
    assert next(states) == SERVING
    call = ask(client)
    try:
        assert next(states) == NOT_SERVING
        told = events.wait_for("model.stuck")
        assert told == {"threads": 1, "seconds": LIMIT, "model_version": linear.version}
    finally:
        go_on.set()
    assert next(states) == SERVING
    events.wait_for("model.recovered")
    if ask is price_a_chunk:
        assert len(list(call)) == 2
    assert call.code().name == "OK"


def _held(
    evaluate: Callable[[Bundle, Rows], Prices], go_on: threading.Event
) -> Callable[[Bundle, Rows], Prices]:
    def held(self: Bundle, rows: Rows) -> Prices:
        # Not the golden rows, which are more.
        if len(rows) == 1:
            assert go_on.wait(600)
        return evaluate(self, rows)

    return held


def test_a_stream_that_waits_for_its_caller_is_not_stuck(
    serve: Serve, linear: Example, events: Events
) -> None:
    client = serve(linear.folder, max_call_seconds=1, stream_idle_seconds=4)
    over = threading.Event()

    def silent() -> Iterator[PredictStreamRequest]:
        yield PredictStreamRequest(rows=HouseRows(items=[HOUSE]))
        over.wait(600)

    stream = client.predictions.PredictStream(silent(), timeout=SECONDS)
    assert next(stream).chunk.rows.items
    assert stream.code().name == "DEADLINE_EXCEEDED"
    over.set()
    assert events.of("model.stuck") == []


@contextmanager
def spinning(linear: Example, **variables: str) -> Iterator[ServerProcess]:
    chosen = {
        "BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "LOG_FORMAT": "json",
        "DRAIN_SECONDS": "0", "GRACE_SECONDS": "0", "MAX_CALL_SECONDS": str(LIMIT), **variables,
    }  # fmt: skip
    with started(["-m", "tests.workers.spinning"], **chosen) as process:
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_in_order_while_the_model_spins(
    linear: Example, connect: Connect, number: signal.Signals
) -> None:
    with spinning(linear) as process:
        client = connect(process.event("server.serving")["port"])
        calls = [price_one(client), price_a_chunk(client)]
        assert process.event("model.stuck")["threads"] >= 1
        process.signal(number)
        process.event("server.stopped")
        assert process.end() == (0, "", "")
        assert [call.code().name == "OK" for call in calls] == [False, False]
