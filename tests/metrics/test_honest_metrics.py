"""How wide intervals are, how unusual houses, how these drift, and what is explained."""

import math

import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.model import Bundle, load
from housing_grpc.houses.scored import Scored
from housing_grpc.metrics import drift
from housing_grpc.metrics.catalogue import (
    EXPECTED_MAE,
    JOINT_DRIFT,
    P_VALUES,
    P_WINDOW,
    WIDTH_WINDOW,
    WIDTHS,
)
from housing_grpc.metrics.drift import LEAST_ROWS, WINDOW_ROWS, Window
from housing_grpc.metrics.explanations import ExplanationMetrics
from housing_grpc.metrics.predictions import PredictionMetrics
from housing_grpc.metrics.state import Series, State, merge
from tests.metrics.conftest import Measure
from tests.metrics.test_metrics_merge import shown
from tests.support.client import SECONDS
from tests.support.examples import Example, Rows


@pytest.fixture(scope="module")
def bundle(honest: Example) -> Bundle:
    return load(honest.folder)


@pytest.fixture
def metrics(bundle: Bundle) -> PredictionMetrics:
    made = PredictionMetrics()
    made.on_live(bundle)
    return made


def drawn(bundle: Bundle, count: int, *, shuffled: bool = False) -> Rows:
    """Draws houses that are nearly those of the training data, or of columns for themselves."""
    random = np.random.default_rng(1)
    rows = np.array(bundle.metadata.golden.rows, dtype=np.float64)
    if shuffled:
        rows = random.permuted(rows, axis=0)
    return rows[random.integers(len(rows), size=count)]


def observe(metrics: PredictionMetrics, bundle: Bundle, rows: Rows, level: float = 0.9) -> Scored:
    prices = bundle.predict(rows)
    scored = Scored(prices, bundle.assess(rows, prices, level))
    metrics.observe(bundle.ranges, rows, scored)
    return scored


@pytest.mark.parametrize("sizes", [[40], [1] * 30, [3, 1, 50, 1]])
def test_every_house_is_counted_alone_or_in_a_batch(
    metrics: PredictionMetrics, bundle: Bundle, sizes: list[int]
) -> None:
    rows, start = drawn(bundle, sum(sizes), shuffled=True), 0
    told = []
    for size in sizes:
        told.append(observe(metrics, bundle, rows[start : start + size]).assessment)
        start += size
    numbers = np.concatenate([each.numbers for each in told if each is not None], axis=1)
    check(metrics.state(), "prediction_interval_width", numbers[1] - numbers[0], WIDTHS)
    check(metrics.state(), "housing_applicability_p_value", numbers[2], P_VALUES)
    unlike = (numbers[2] < 0.01).sum()
    assert metrics.state()["housing_unlike_training_total"] == {(): [unlike]}


def check(state: State, name: str, numbers: Rows, bounds: tuple[float, ...]) -> None:
    *buckets, total = state[name][()]
    places = np.searchsorted(bounds, numbers)
    assert buckets == np.bincount(places, minlength=len(bounds) + 1).tolist()
    assert total == pytest.approx(numbers.sum())


def test_widths_of_another_level_are_not_counted(
    metrics: PredictionMetrics, bundle: Bundle
) -> None:
    observe(metrics, bundle, drawn(bundle, 20), level=0.5)
    state = metrics.state()
    assert sum(state["prediction_interval_width"][()]) == 0
    assert sum(state["housing_applicability_p_value"][()][:-1]) == 20
    # The same, among others that are folded with it.
    for level in (0.5, 0.9, 0.5):
        observe(metrics, bundle, drawn(bundle, 1), level=level)
    assert sum(metrics.state()["prediction_interval_width"][()][:-1]) == 1


def test_houses_of_which_nothing_more_is_told_are_counted_as_before(
    metrics: PredictionMetrics, bundle: Bundle
) -> None:
    rows = drawn(bundle, 30)
    metrics.observe(bundle.ranges, rows, Scored(bundle.predict(rows)))
    state = metrics.state()
    assert sum(state["prediction_values"][()][:-1]) == 30
    assert sum(state["housing_applicability_p_value"][()]) == 0
    assert sum(state[P_WINDOW][()][:100]) == 0


def series(bundle: Bundle, *parts: Rows) -> Series:
    window = Window(bundle.metadata)
    for part in parts:
        window.add(np.ones((len(part), 13)), part, np.empty(0))
    return window.p_series()


def test_even_p_values_are_no_drift_and_crowded_ones_are(bundle: Bundle) -> None:
    even = (np.arange(2000) + 0.5) / 2000
    assert drift.joint(series(bundle, even))[()][0] < 0.001
    low = series(bundle, even**4)
    # Of the fourth power, the distributions are farthest apart where p is 4^(-4/3).
    assert drift.joint(low)[()][0] == pytest.approx(4 ** (-1 / 3) - 4 ** (-4 / 3), abs=0.01)
    assert drift.joint(series(bundle, np.full(600, 1 / 507)))[()][0] == pytest.approx(0.99)
    assert drift.joint(series(bundle, np.ones(600)))[()][0] == pytest.approx(0.99)


def test_of_few_houses_no_joint_drift_is_told(bundle: Bundle) -> None:
    assert drift.joint(series(bundle, np.ones(LEAST_ROWS - 1))) == {}
    assert drift.joint(series(bundle, np.ones(LEAST_ROWS))) != {}


def test_the_latest_p_values_count(bundle: Bundle) -> None:
    old, latest = np.zeros(3000), np.linspace(0, 1, WINDOW_ROWS)
    assert series(bundle, old, latest) == series(bundle, latest)


def test_shuffled_houses_drift_as_wholes_and_workers_are_added_up(bundle: Bundle) -> None:
    states = []
    for _ in range(2):
        metrics = PredictionMetrics()
        metrics.on_live(bundle)
        observe(metrics, bundle, drawn(bundle, 300, shuffled=True))
        states.append(metrics.state())
    assert not any(name == JOINT_DRIFT for name, _ in shown(states[0]))
    assert shown(merge(states))[JOINT_DRIFT, ()] > 0.2


def expected_error(bundle: Bundle, *scored: Scored) -> float:
    """Returns the mean half width, in errors for each."""
    told = [each.assessment for each in scored]
    halves = [each.upper - found.prices for each, found in zip(told, scored, strict=True) if each]
    return float(np.concatenate(halves).mean()) * bundle.error_per_half_width


def test_widths_of_intervals_lead_to_expect_an_error(
    metrics: PredictionMetrics, bundle: Bundle
) -> None:
    assert math.isnan(metrics.expected_mae())
    assert not any(name == EXPECTED_MAE for name, _ in shown(metrics.state()))
    batch = observe(metrics, bundle, drawn(bundle, 40))
    assert metrics.expected_mae() == pytest.approx(expected_error(bundle, batch))
    one = observe(metrics, bundle, drawn(bundle, 1, shuffled=True))
    # Of another level, they are no measure.
    observe(metrics, bundle, drawn(bundle, 20), level=0.5)
    expected = expected_error(bundle, batch, one)
    assert metrics.expected_mae() == pytest.approx(expected)
    assert shown(metrics.state())[EXPECTED_MAE, ()] == pytest.approx(expected)


def test_expected_errors_of_workers_are_added_up_as_sums(bundle: Bundle) -> None:
    states, scored = [], []
    for count in (1, 60):
        metrics = PredictionMetrics()
        metrics.on_live(bundle)
        scored.append(observe(metrics, bundle, drawn(bundle, count, shuffled=True)))
        states.append(metrics.state())
    expected = expected_error(bundle, *scored)
    assert shown(merge(states))[EXPECTED_MAE, ()] == pytest.approx(expected)


def test_a_mean_error_is_expected_of_houses_like_the_training_ones(bundle: Bundle) -> None:
    assert 0 < bundle.error_per_half_width < 1


def test_without_intervals_no_error_is_expected(linear: Example) -> None:
    plain = load(linear.folder)
    assert math.isnan(plain.error_per_half_width)
    metrics = PredictionMetrics()
    metrics.on_live(plain)
    rows = np.array(plain.metadata.golden.rows, dtype=np.float64)
    metrics.observe(plain.ranges, rows, Scored(plain.predict(rows)))
    assert math.isnan(metrics.expected_mae())
    assert metrics.state()[WIDTH_WINDOW] == {}


def test_explanations_are_counted_by_method_from_zero_on() -> None:
    metrics = ExplanationMetrics()
    methods = {("linear",), ("tree_path_dependent",), ("reference",)}
    assert metrics.state()["housing_explanations_total"] == {method: [0] for method in methods}
    metrics.explained("REFERENCE", 3, 0.004)
    metrics.explained("REFERENCE", 2, 0.5)
    state = metrics.state()
    assert state["housing_explanations_total"]["reference",] == [5]
    *buckets, total = state["housing_explanation_seconds"][()]
    assert sum(buckets) == 2
    assert total == pytest.approx(0.504)


def test_a_server_shows_them(measure: Measure, honest: Example) -> None:
    measured = measure(honest.folder)
    house = pb.House(rm=6, lstat=5)
    request = pb.PredictBatchRequest(items=[house] * 3, explain=True)
    measured.client.predictions.PredictBatch(request, timeout=SECONDS)
    found = measured.samples()
    assert found["prediction_interval_width_count", ()] == 3
    assert found["housing_applicability_p_value_count", ()] == 3
    assert found["housing_unlike_training_total", ()] in (0, 3)
    assert found["housing_explanations_total", ("linear",)] == 3
    assert found["housing_explanation_seconds_count", ()] == 1
