"""How good prices were, by what a real store has of them."""

import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from housing_grpc.feedback.measuring import Live, Measured, Measuring
from housing_grpc.feedback.quality import Expected
from housing_grpc.feedback.refresher import Refresher
from housing_grpc.feedback.store import Store
from housing_grpc.receipts.record import Model
from tests.feedback.conftest import Open
from tests.support.outcomes import MODEL, OTHER, outcome, receipt
from tests.support.waiting import until

FROM_A_FOLDER = Model("00112233445566aa", "89abcdef", 0)
EXPECTED = Expected(rmse=2.0, ceiling=50.0)
FIRST = Live(digest=MODEL.digest, version="3", expects=EXPECTED)
SECOND = Live(digest=OTHER.digest, version="4", expects=Expected(rmse=12.0, ceiling=50.0))


def live(store: Store) -> Measuring:
    """Returns what measures, with MODEL as the live one."""
    return Measuring(store, lambda: FIRST)


def versions(found: Sequence[Measured]) -> list[str]:
    return [each.version for each in found]


def test_the_live_model_comes_first_and_then_that_with_the_latest_outcome(store: Store) -> None:
    for model in (MODEL, FROM_A_FOLDER, OTHER):
        store.record([outcome(of=receipt(model=model))])
    found = live(store).measure(100)
    assert versions(found) == ["3", "4", "001122334455"]
    assert [each.live for each in found] == [True, False, False]
    assert versions(live(store).measure(2)) == ["3", "4"]
    # One that is wanted is found among however many there are.
    assert versions(live(store).measure(1, "001122334455")) == ["001122334455"]
    assert versions(live(store).measure(1, "3")) == ["3"]
    assert live(store).measure(100, "7") == []
    assert versions(Measuring(store, lambda: None).measure(100)) == ["4", "001122334455", "3"]


def test_a_live_model_without_outcomes_is_there(store: Store) -> None:
    (found,) = live(store).measure(100)
    assert (found.version, found.live, found.labels.total, found.figures.labels) == (
        "3",
        True,
        0,
        0,
    )
    assert math.isnan(found.figures.rmse)
    assert Measuring(store, lambda: None).measure(100) == []


def test_figures_follow_what_is_recorded_corrected_and_retracted(store: Store) -> None:
    measuring = live(store)
    first, second = outcome(21.0), outcome(23.0)
    store.record([first, second])
    (found,) = measuring.measure(100)
    assert (found.figures.labels, found.figures.error, found.figures.squared) == (2, -4, 10)
    store.record([msgspec.structs.replace(second, actual=22.0)])
    (found,) = measuring.measure(100)
    assert (found.figures.labels, found.figures.error) == (2, -3)
    store.record([msgspec.structs.replace(first, retract=True)])
    (found,) = measuring.measure(100)
    assert (found.labels.total, found.figures.labels, found.figures.error) == (1, 1, -2)


def test_a_correction_by_a_server_whose_clock_is_behind(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring = live(store)
    first, second = outcome(21.0), outcome(23.0)
    store.record([first, second])
    measuring.measure(100)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 60 * 10**9)
    store.record([msgspec.structs.replace(first, actual=19.0)])
    (found,) = measuring.measure(100)
    assert (found.figures.labels, found.figures.error) == (2, -2)


def test_training_says_what_was_to_be_expected_of_models_that_were_live(store: Store) -> None:
    for model in (MODEL, OTHER):
        store.record([outcome(26.0, of=receipt(model=model)) for _ in range(50)])
    serving = [FIRST]
    measuring = Measuring(store, lambda: serving[-1])
    mine, other = measuring.measure(100)
    assert mine.figures.skill == 3
    assert math.isnan(other.figures.skill)
    serving.append(SECOND)
    other, mine = measuring.measure(100)
    assert (other.live, other.figures.skill, mine.figures.skill) == (True, 0.5, 3)


def test_a_price_that_was_cut_off_is_covered_of_a_model_that_was_never_live_too(
    store: Store,
) -> None:
    for model in (MODEL, OTHER):
        store.record([outcome(50.0, of=receipt(56.0, model=model))])
    covered = [each.figures.coverage for each in live(store).measure(100)]
    assert [each and each.covered for each in covered] == [1, 1]


def test_replicas_and_servers_that_were_restarted_agree(open_store: Open) -> None:
    one, other = live(open_store()), live(open_store())
    store = open_store()
    for number in range(40):
        store.record([outcome(20.0 + (number % 4) * 2)])
        one.measure(100)
    # This one has looked after every outcome, that one never yet.
    assert one.measure(100) == other.measure(100)
    coverage = one.measure(100)[0].figures.coverage
    assert coverage is not None
    assert (coverage.covered, coverage.labels) == (30, 40)
    assert coverage.statistic > 1


def test_what_was_recorded_is_measured_after_a_while(stack: ExitStack, store: Store) -> None:
    told: list[Sequence[Measured]] = []
    refresher = Refresher(live(store), told.append, seconds=0.01)
    stack.callback(refresher.stop)
    refresher.start()
    until(lambda: bool(told))
    assert told[-1][0].figures.labels == 0
    store.record([outcome()])
    until(lambda: told[-1][0].figures.labels == 1)


def test_a_store_that_comes_later_is_measured_then(
    stack: ExitStack, open_store: Open, tmp_path: Path
) -> None:
    folder = tmp_path / "later"
    folder.touch()
    store = open_store(f"sqlite:///{folder / 'feedback.db'}")
    told: list[Sequence[Measured]] = []
    refresher = Refresher(live(store), told.append, seconds=0.01)
    stack.callback(refresher.stop)
    refresher.start()
    assert told == []
    folder.unlink()
    until(lambda: bool(told))
    assert told[-1][0].figures.labels == 0


def test_a_refresher_that_was_never_started_can_be_stopped(store: Store) -> None:
    Refresher(live(store), lambda _: pytest.fail("told"), seconds=0.01).stop()
