"""What became of outcomes, and how good prices were by them."""

from collections.abc import Mapping

import numpy as np
import pytest
from prometheus_client import generate_latest

from housing_grpc.feedback import quality
from housing_grpc.feedback.outcome import Labels
from housing_grpc.feedback.quality import LEAST_LABELS, Expected, Figures
from housing_grpc.metrics import render
from housing_grpc.metrics.catalogue import DOCUMENTED, LOADED
from housing_grpc.metrics.feedback import RESULTS, FeedbackMetrics
from housing_grpc.metrics.state import State, merge, retire
from tests.metrics.conftest import Samples, samples

SUMS = {"labels", "summed_error", "summed_absolute_error", "summed_squared_error"}
OF_INTERVALS = {"interval_labels", "interval_covered", "coverage_detector"}
RATES = {
    "rmse", "mae", "bias", "skill", "interval_coverage_ratio", "interval_coverage_lower",
    "interval_coverage_upper",
}  # fmt: skip


def figures(count: int, *, misses: int = 0) -> Figures:
    """Measures prices that are 1 too high, the first of them without being covered."""
    actual = np.full(count, 20.0)
    half = np.where(np.arange(count) < misses, 0.5, 3.0)
    price, level = actual + 1, np.full(count, 0.9)
    labels = Labels(price=price, actual=actual, lower=price - half, upper=price + half, level=level)
    return quality.measure(labels, Expected(rmse=4, ceiling=50))


def shown(*states: State) -> Samples:
    merged = merge(states)
    return samples(generate_latest(render.registry(lambda: merged)).decode())


def live(found: Samples) -> dict[str, dict[str, float]]:
    """Returns the live figures of each version, by the end of their names."""
    by_version: dict[str, dict[str, float]] = {}
    for (name, labels), value in found.items():
        if name.startswith("housing_live_"):
            by_version.setdefault(labels[0], {})[name.removeprefix("housing_live_")] = value
    return by_version


def state_of(versions: Mapping[str, Figures], *, loaded: float) -> State:
    metrics = FeedbackMetrics()
    metrics.measured(versions.items())
    return {**metrics.state(), LOADED: {(): [loaded]}}


def test_every_result_is_counted_from_zero_on() -> None:
    metrics = FeedbackMetrics()
    assert metrics.state()["housing_feedback_total"] == {(result,): [0] for result in RESULTS}
    metrics.recorded("new", 3)
    metrics.recorded("OUTCOME_UNIT")
    found = metrics.state()["housing_feedback_total"]
    assert (found["new",], found["OUTCOME_UNIT",], found["same",]) == ([3], [1], [0])


def test_how_late_outcomes_come_is_counted() -> None:
    metrics = FeedbackMetrics()
    metrics.lagged([30.0, 7200.0, 4e7])
    metrics.lagged([])
    *buckets, total = metrics.state()["housing_feedback_lag_seconds"][()]
    assert buckets == [1, 0, 1, 0, 0, 0, 0, 0, 1]
    assert total == pytest.approx(4e7 + 7230)


def test_figures_are_shown_by_version() -> None:
    found = live(shown(state_of({"3": figures(60, misses=6), "2": figures(60)}, loaded=1)))
    assert found.keys() == {"3", "2"}
    three = found["3"]
    assert three.keys() == SUMS | OF_INTERVALS | RATES
    assert (three["labels"], three["summed_error"], three["summed_squared_error"]) == (60, 60, 60)
    assert (three["rmse"], three["mae"], three["bias"], three["skill"]) == (1, 1, 1, 0.25)
    assert (three["interval_labels"], three["interval_covered"]) == (60, 54)
    assert three["interval_coverage_ratio"] == 0.9
    assert three["interval_coverage_lower"] < 0.9 < three["interval_coverage_upper"]
    assert found["2"]["interval_coverage_ratio"] == 1


def test_of_few_outcomes_only_what_can_be_added_up_is_shown() -> None:
    few = {"3": figures(LEAST_LABELS - 1), "2": figures(0)}
    found = live(shown(state_of(few, loaded=1)))
    assert found["3"].keys() == SUMS | OF_INTERVALS
    assert found["2"] == dict.fromkeys(SUMS, 0)


def test_a_version_that_is_measured_no_more_is_not_shown() -> None:
    metrics = FeedbackMetrics()
    metrics.measured([("2", figures(60))])
    metrics.measured([("3", figures(60))])
    assert live(shown(metrics.state())).keys() == {"3"}


def test_workers_that_read_one_store_are_not_added_up() -> None:
    # One has read the store a little later than the other.
    one, other = (state_of({"3": figures(count)}, loaded=1) for count in (60, 70))
    found = live(shown(one, other))["3"]
    assert (found["labels"], found["summed_error"]) in ((60, 60), (70, 70))
    # Of a worker that is gone, counters stay.
    assert live(shown(retire(one), other))["3"]["labels"] == 70


def test_outcomes_that_workers_recorded_are_added_up() -> None:
    metrics = FeedbackMetrics()
    metrics.recorded("new", 2)
    metrics.lagged([1.0, 2.0])
    found = shown(retire(metrics.state()), metrics.state())
    assert found["housing_feedback_total", ("new",)] == 4
    assert found["housing_feedback_lag_seconds_sum", ()] == 6


def test_every_figure_is_in_the_catalogue() -> None:
    documented = {family.name for family in DOCUMENTED}
    assert {f"housing_live_{name}" for name in figures(60).numbers()} <= documented
