"""The shadow of a live model: what is compared, what is dropped, and what counts as failed."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import model
from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.model import Bundle
from housing_grpc.challenger import shadow as shadows
from housing_grpc.challenger.shadow import Shadow, ShadowSums, compared
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.challenger_slot import Experiment, check_alike
from housing_grpc.model.live import LiveModel, ReleaseFacts
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.waiting import until

PAIR = "1", "2"
ROWS = np.full((300, 13), np.nan)
ROWS[:, 5] = np.linspace(5, 8, len(ROWS))


class Waiting(Bundle):
    """A model that gives no price until it is let."""

    gate = threading.Event()

    def predict(self, rows: Rows) -> Prices:
        """Waits."""
        self.gate.wait()
        return super().predict(rows)


def live(bundle: Bundle, version: str, *, challenges: bool = False) -> LiveModel:
    facts = ReleaseFacts(
        version=version, source="test", stale=False, generation=1,
        loaded_at=datetime.now(UTC), load_seconds=0,
    )  # fmt: skip
    return LiveModel(bundle=bundle, facts=facts, challenges=challenges)


def experiment(linear: Example, forest: Example, shadow: float = 1.0) -> Experiment:
    return Experiment(
        champion=live(model.load(linear.folder), PAIR[0]),
        challenger=live(model.load(forest.folder), PAIR[1], challenges=True),
        challenge=Challenge(version=PAIR[1], digest=forest.digest, shadow=shadow),
    )


@pytest.fixture
def shadow() -> Iterator[Shadow]:
    made = Shadow()
    yield made
    made.stop()


def numbers(bundle: Bundle) -> Rows:
    """What the live model says of the rows: prices, with an interval for the first 100."""
    found = np.full((5, len(ROWS)), np.nan)
    found[0] = bundle.predict(ROWS)
    found[1, :100], found[2, :100] = found[0, :100] - 1, found[0, :100] + 1
    return found


def test_both_prices_of_each_house_are_compared(
    shadow: Shadow, linear: Example, forest: Example
) -> None:
    both = experiment(linear, forest)
    shadow.changed(both)
    shadow.start()
    shadow.offer(both.champion.bundle.ranges, ROWS, numbers(both.champion.bundle))
    # Those of another model are none of the shadow.
    shadow.offer(both.challenger.bundle.ranges, ROWS, numbers(both.champion.bundle))
    until(lambda: shadow.sums()[PAIR].scored == len(ROWS))
    found = shadow.sums()[PAIR]
    difference = forest.prices(ROWS) - linear.prices(ROWS)
    assert found.difference == pytest.approx(difference.sum(), abs=1e-2)
    assert found.absolute == pytest.approx(np.abs(difference).sum(), abs=1e-2)
    assert found.squares == pytest.approx(np.square(difference).sum(), rel=1e-4)
    assert (found.bounded, found.failed, found.dropped) == (100, 0, 0)
    assert found.outside == np.count_nonzero(np.abs(difference[:100]) > 1)
    assert found.price == pytest.approx(linear.prices(ROWS).sum(), abs=1e-2)
    shadow.changed(None)
    assert shadow.sums() == {}


def test_a_share_of_the_houses_is_enough(shadow: Shadow, linear: Example, forest: Example) -> None:
    both = experiment(linear, forest, shadow=0.2)
    shadow.changed(both)
    for _ in range(20):
        shadow.offer(both.champion.bundle.ranges, ROWS, numbers(both.champion.bundle))
    shadow.start()
    until(lambda: shadow.sums()[PAIR].scored > 900)
    assert shadow.sums()[PAIR].scored < 1500


def test_a_challenger_that_is_behind_holds_nobody_up(
    shadow: Shadow, linear: Example, forest: Example
) -> None:
    both = experiment(linear, forest)
    both.challenger.bundle.__class__ = Waiting
    shadow.changed(both)
    shadow.start()
    said = numbers(both.champion.bundle)
    for _ in range(100):
        shadow.offer(both.champion.bundle.ranges, ROWS, said)
    found = shadow.sums()[PAIR]
    assert found.scored == 0
    assert 100 * len(ROWS) - 8192 - 256 <= found.dropped <= 100 * len(ROWS) - 8192
    Waiting.gate.set()
    until(lambda: shadow.sums()[PAIR].scored > 0)


def test_what_a_slow_challenger_owes_is_not_waited_for_by_the_next(
    shadow: Shadow, linear: Example, forest: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadows, "_REST", 1e9)
    slow, both = experiment(linear, forest), experiment(linear, forest)
    slow.challenger.bundle.__class__ = Waiting
    Waiting.gate.clear()
    shadow.changed(slow)
    shadow.start()
    said = numbers(both.champion.bundle)
    shadow.offer(slow.champion.bundle.ranges, ROWS, said)
    Waiting.gate.set()
    until(lambda: shadow.sums()[PAIR].scored > 0)
    shadow.changed(both)
    shadow.offer(both.champion.bundle.ranges, ROWS, said)
    until(lambda: shadow.sums()[PAIR].scored > len(ROWS))


def test_models_that_predict_something_else_are_not_compared(linear: Example) -> None:
    live = model.load(linear.folder).metadata
    check_alike(live, live)
    in_dollars = replace(live, target=replace(live.target, unit="USD"))
    error = raised(ServingError, lambda: check_alike(live, in_dollars))
    assert error.reason is Reason.SCHEMA_INCOMPATIBLE
    assert "in USD, and the live model" in error.message


def test_prices_that_are_none_count_as_failed() -> None:
    said = np.array([[20.0, 21.0, 1e200], [19.0, np.nan, np.nan], [21.0, np.nan, np.nan]])
    found = compared(said, np.array([25.0, np.nan, 20.0]))
    assert found == ShadowSums(
        scored=1, failed=2, difference=5, absolute=5, squares=25, bounded=1, outside=1, price=20
    )
