"""What workers have counted, those included that are gone."""

from concurrent.futures import Future
from typing import Any

from housing_grpc.metrics.state import State
from housing_grpc.workers import protocol
from housing_grpc.workers.metrics_sum import MetricsSum

COUNTER = "prediction_requests_total"


def counted(number: float) -> State:
    return {COUNTER: {("Predict", "ok"): [number]}}


class Worker:
    """Answers what it has counted."""

    def __init__(self, number: float) -> None:
        self.number = number

    def send(self, _: protocol.Order) -> "Future[protocol.Answer]":
        answer: Future[protocol.Answer] = Future()
        answer.set_result(protocol.Counted(state=counted(self.number)))
        return answer


def test_the_last_word_of_a_worker_counts_once() -> None:
    one, other = Worker(3), Worker(5)
    serving: list[Any] = [one, other]
    totals = MetricsSum(dict, lambda: serving)
    assert totals.state() == counted(8)
    serving.remove(one)
    totals.note(one, counted(4))  # type: ignore[arg-type]
    totals.gone(one)  # type: ignore[arg-type]
    assert totals.state() == counted(9)


def test_a_last_word_that_comes_too_late_is_not_added_to_what_was_known() -> None:
    one = Worker(3)
    serving: list[Any] = [one]
    totals = MetricsSum(dict, lambda: serving)
    assert totals.state() == counted(3)
    serving.remove(one)
    totals.gone(one)  # type: ignore[arg-type]
    totals.note(one, counted(4))  # type: ignore[arg-type]
    assert totals.state() == counted(3)
