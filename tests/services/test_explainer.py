"""How much is explained, and that prices do not wait for it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from grpc import StatusCode
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base import processors
from housing_grpc.bundle.model import Bundle, load
from housing_grpc.houses.options import Options
from housing_grpc.model.live import LiveModel
from tests.support.calls import info_of
from tests.support.client import SECONDS, Client, failure, reason_of, refusal
from tests.support.examples import Example, Rows
from tests.support.scorers import CONTEXT, new_scorer
from tests.support.serving import Serve, connected, housing_server
from tests.support.streams import listed, start_target

HOUSE = pb.House(rm=6)
EXPLAINED = pb.PredictRequest(house=HOUSE, explain=True)
# No model is explained in so little time: one price is, all the same.
LEAST = 1e-9


def explained(client: Client, count: int) -> list[pb.RowResult]:
    request = pb.PredictBatchRequest(items=[HOUSE] * count, explain=True)
    return list(client.predictions.PredictBatch(request, timeout=SECONDS).results)


def too_large(count: int, most: int) -> Any:
    return refusal(
        StatusCode.RESOURCE_EXHAUSTED,
        "EXPLAIN_TOO_LARGE",
        f"explain: {count} prices are to be explained, and of this model at most {most} are in "
        "one call or chunk; send them in parts",
    )


def test_as_many_prices_are_explained_as_the_model_says(serve: Serve, linear: Example) -> None:
    cost = load(linear.folder).explanation_seconds
    client = serve(linear.folder, max_explain_seconds=3.5 * cost)
    assert info_of(client).explanation.max_rows == 3
    assert len(explained(client, 3)) == 3
    # No time to come back at: it does not get better.
    assert failure(lambda: explained(client, 4)) == too_large(4, 3)
    without = pb.PredictBatchRequest(items=[HOUSE] * 4)
    assert len(client.predictions.PredictBatch(without, timeout=SECONDS).results) == 4


def test_one_price_is_always_explained(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_explain_seconds=LEAST)
    assert info_of(client).explanation.max_rows == 1
    assert client.predictions.Predict(EXPLAINED, timeout=SECONDS).HasField("explanation")
    assert failure(lambda: explained(client, 2)) == too_large(2, 1)


def test_the_budget_is_that_of_each_chunk(stack: ExitStack, linear: Example) -> None:
    cost = load(linear.folder).explanation_seconds
    target = start_target(stack, linear.folder, max_explain_seconds=2.5 * cost)
    first = listed([HOUSE] * 2)
    first.explain = True
    told = target.ask([first, listed([HOUSE] * 2), listed([HOUSE] * 3)])
    assert len(told.chunks) == 2
    assert told.error == too_large(3, 2)


def test_a_larger_model_takes_longer(linear: Example, forest: Example) -> None:
    # Not measured: the same on every machine, so that replicas agree.
    costs = [load(each.folder).explanation_seconds for each in (linear, forest, forest)]
    assert costs[0] < costs[1] == costs[2]


class Held:
    """Explanations that begin and do not end before they may, once they are held."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self._lock = threading.Lock()
        self.now = self.most = 0

    def hold(self) -> None:
        """Holds all from now on: a model that is loaded explains its golden rows."""
        explain = Bundle.explain

        def held(bundle: Bundle, *given: Any) -> Any:
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
            self.begun.release()
            assert self.go_on.wait(SECONDS)
            try:
                return explain(bundle, *given)
            finally:
                with self._lock:
                    self.now -= 1

        self._patch.setattr(Bundle, "explain", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    found = Held(monkeypatch)
    yield found
    found.go_on.set()


def test_prices_do_not_wait_for_explanations(
    serve: Serve, linear: Example, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as those of a large forest, of which each holds a worker for a while.
    monkeypatch.setattr(Bundle, "explanation_seconds", 0.05)
    client = serve(linear.folder, grpc_workers=4)
    held.hold()
    calls = [client.predictions.Predict.future(EXPLAINED, timeout=SECONDS) for _ in range(12)]
    assert held.begun.acquire(timeout=SECONDS)
    # Two workers explain or wait for it; the other two have refused the rest.
    refused = [call for call in grpc_done(calls, 10) if call.code() is not StatusCode.OK]
    assert {reason_of(failure(call.result)) for call in refused} == {"OVERLOADED"}
    for _ in range(20):
        answer = client.predictions.Predict(pb.PredictRequest(house=HOUSE), timeout=SECONDS)
        assert answer.prediction > 0
    held.go_on.set()
    served = [call for call in calls if call not in refused]
    assert [call.result().HasField("explanation") for call in served] == [True] * 2


def grpc_done(calls: list[Any], count: int) -> list[Any]:
    """Waits until so many calls have ended; returns these."""
    ended, more = list[Any](), threading.Semaphore(0)

    def note(call: Any) -> None:
        ended.append(call)
        more.release()

    for call in calls:
        call.add_done_callback(note)
    for _ in range(count):
        assert more.acquire(timeout=SECONDS)
    return ended[:count]


def test_no_more_are_explained_at_a_time_than_half_of_the_processors(
    stack: ExitStack, linear: Example, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "usable", lambda: 4)
    client = connected(stack, housing_server(stack, linear.folder).port)
    held.hold()
    calls = [client.predictions.Predict.future(EXPLAINED, timeout=SECONDS) for _ in range(8)]
    for _ in range(2):
        assert held.begun.acquire(timeout=SECONDS)
    held.go_on.set()
    assert [call.result().HasField("explanation") for call in calls] == [True] * 8
    assert held.most == 2


def test_a_call_that_waits_for_its_turn_ends_with_its_deadline(
    serve: Serve, linear: Example, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "usable", lambda: 1)
    client = serve(linear.folder)
    held.hold()
    first = client.predictions.Predict.future(EXPLAINED, timeout=SECONDS)
    assert held.begun.acquire(timeout=SECONDS)
    late = failure(lambda: client.predictions.Predict(EXPLAINED, timeout=0.5))
    assert late.code == StatusCode.DEADLINE_EXCEEDED.value[0]
    held.go_on.set()
    assert first.result().HasField("explanation")
    # Its turn was not lost with it.
    assert client.predictions.Predict(EXPLAINED, timeout=SECONDS).HasField("explanation")


def test_a_long_explanation_is_done_in_parts(linear: Example, rows_of_six: Rows) -> None:
    bundle = load(linear.folder)
    live = LiveModel(bundle=bundle, facts=None)  # type: ignore[arg-type]
    options = Options(explain=True)
    cost = bundle.explanation_seconds
    scorer = new_scorer(seconds=16.5 * cost)
    sizes = [len(part) for _, part in scorer.parts(live, rows_of_six, options, CONTEXT)]
    assert sizes == [2, 2, 2]
    plain = [len(part) for _, part in scorer.parts(live, rows_of_six, Options(), CONTEXT)]
    assert plain == [6]


@pytest.fixture
def rows_of_six(linear: Example) -> Rows:
    return load(linear.folder).ranges.minimum[None].repeat(6, axis=0)


def test_an_explanation_that_never_ends_is_noticed(
    serve: Serve, linear: Example, held: Held, events: Any
) -> None:
    client = serve(linear.folder, max_call_seconds=0.2)
    held.hold()
    call = client.predictions.Predict.future(EXPLAINED, timeout=SECONDS)
    assert events.wait_for("model.stuck")["threads"] == 1
    held.go_on.set()
    assert call.result().HasField("explanation")
    assert events.wait_for("model.recovered")


def test_many_short_explanations_hold_all_workers_for_a_moment(
    serve: Serve, linear: Example
) -> None:
    client = serve(linear.folder, grpc_workers=2)
    with ThreadPoolExecutor(16) as callers:
        found = list(callers.map(lambda _: explained(client, 3), range(64)))
    assert all(each.HasField("explanation") for results in found for each in results)
