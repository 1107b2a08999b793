"""Calls are counted exactly, whoever folds."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from housing_grpc.metrics.calls import CallMetrics, Method
from housing_grpc.metrics.catalogue import SECONDS
from housing_grpc.metrics.codes import CODES, number
from housing_grpc.metrics.state import State

METHODS = [
    Method(type="unary", service="a.Prediction", name="Predict"),
    Method(type="bidi_stream", service="a.Prediction", name="Stream"),
    Method(type="unary", service="a.Model", name="Info"),
]
THREADS, EACH = 4, 5000
PREDICT, STREAM, INFO = [(each.type, each.service, each.name) for each in METHODS]


@pytest.fixture
def calls() -> CallMetrics:
    return CallMetrics(METHODS, predictions="a.Prediction")


@pytest.fixture
def codes() -> list[list[int]]:
    """The codes that calls of some threads end with."""
    return [[random.Random(seed).randrange(17) for _ in range(EACH)] for seed in range(THREADS)]


@pytest.fixture
def counted(calls: CallMetrics, codes: list[list[int]]) -> list[State]:
    """What was read while those threads counted their calls, and last of all when they ended."""

    def count(own: list[int]) -> None:
        stream = calls.of("a.Prediction", "Stream")
        for code in own:
            stream.started()
            stream.ended(code, 0.25, received=3, sent=2)

    read = []
    with ThreadPoolExecutor(THREADS) as pool:
        counting = [pool.submit(count, own) for own in codes]
        while not all(each.done() for each in counting):
            read.append(calls.state())
        for each in counting:
            each.result()
    return [*read, calls.state()]


def test_no_call_is_lost_when_many_threads_count_and_one_reads(
    counted: list[State], codes: list[list[int]]
) -> None:
    state, total = counted[-1], THREADS * EACH
    wanted = Counter(code for own in codes for code in own)
    for place, code in enumerate(CODES):
        assert state["grpc_server_handled_total"][*STREAM, code] == [wanted[place]]
    assert state["grpc_server_started_total"][STREAM] == [total]
    assert state["prediction_requests_total"]["Stream", "ok"] == [wanted[0]]
    assert state["prediction_requests_total"]["Stream", "error"] == [total - wanted[0]]


def test_messages_and_seconds_of_all_threads_are_added(counted: list[State]) -> None:
    state, total = counted[-1], THREADS * EACH
    assert state["grpc_server_msg_received_total"][STREAM] == [3 * total]
    assert state["grpc_server_msg_sent_total"][STREAM] == [2 * total]
    assert state["grpc_server_handling_seconds"][STREAM][-1] == 0.25 * total


def test_what_is_read_meanwhile_never_goes_back(counted: list[State]) -> None:
    handled = [sum(n[0] for n in state["grpc_server_handled_total"].values()) for state in counted]
    assert handled == sorted(handled)
    # Calls that begin and end while it is read may count as being in flight.
    assert all(state["housing_calls_in_flight"][()][0] >= 0 for state in counted)
    assert counted[-1]["housing_calls_in_flight"] == {(): [0]}


@pytest.mark.parametrize("place", range(len(SECONDS)))
def test_a_bucket_holds_its_upper_bound_and_not_what_is_above(
    calls: CallMetrics, place: int
) -> None:
    info = calls.of("a.Model", "Info")
    for seconds in (SECONDS[place], SECONDS[place] * 1.0001):
        info.started()
        info.ended(0, seconds)
    *buckets, total = calls.state()["grpc_server_handling_seconds"][INFO]
    wanted = [0] * (len(SECONDS) + 1)
    wanted[place] = wanted[place + 1] = 1
    assert buckets == wanted
    assert total == pytest.approx(SECONDS[place] * 2.0001)


def test_only_the_prediction_service_counts_as_predictions(calls: CallMetrics) -> None:
    calls.of("a.Model", "Info").ended(0, 1.0)
    state = calls.state()
    assert {labels[0] for labels in state["prediction_requests_total"]} == {"Predict", "Stream"}
    assert set(state["prediction_latency_seconds"]) == {("Predict",), ("Stream",)}


def test_a_call_that_has_not_ended_is_in_flight(calls: CallMetrics) -> None:
    calls.of("a.Prediction", "Predict").started()
    state = calls.state()
    assert state["housing_calls_in_flight"] == {(): [1]}
    assert state["grpc_server_started_total"] == {PREDICT: [1], STREAM: [0], INFO: [0]}


def test_a_method_that_is_not_counted_is_a_mistake(calls: CallMetrics) -> None:
    with pytest.raises(KeyError, match=r"a\.Model/Predict"):
        calls.of("a.Model", "Predict")


def test_the_names_of_codes_are_those_of_grpc_in_camel_case() -> None:
    spelt = {"CANCELLED": "Canceled", "OK": "OK"}
    for code in grpc.StatusCode:
        camel = "".join(word.capitalize() for word in code.name.split("_"))
        assert CODES[number(code)] == spelt.get(code.name, camel)
