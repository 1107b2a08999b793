"""From outcomes to how good prices were."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from housing_grpc.feedback import detector, quality
from housing_grpc.feedback.outcome import Labels
from housing_grpc.feedback.quality import LEAST_LABELS, WINDOW, Expected, Figures, measure

SHARES = (0.12, 0.15, 0.2, 0.3)
UNKNOWN = Expected()

Numbers = Sequence[float] | NDArray[np.float64]


def labels(
    price: Numbers, actual: Numbers, *, half: float = math.nan, level: float = 0.9
) -> Labels:
    """Makes labels whose intervals reach `half` to either side; none of NaN."""
    prices = np.array(price, dtype=np.float64)
    return Labels(
        price=prices,
        actual=np.array(actual, dtype=np.float64),
        lower=prices - half,
        upper=prices + half,
        level=np.full(len(prices), math.nan if math.isnan(half) else level),
    )


def of_misses(misses: Sequence[bool] | NDArray[np.bool_]) -> Figures:
    """Measures labels that are off by 2, where intervals miss, or by nothing."""
    missed = np.array(misses, dtype=bool)
    prices = np.full(len(missed), 20.0)
    return measure(labels(prices, prices + 2 * missed, half=1), UNKNOWN)


def test_errors_are_price_minus_true_price() -> None:
    found = measure(labels([20, 25, 30], [22, 24, 30]), UNKNOWN)
    assert (found.labels, found.error, found.absolute, found.squared) == (3, -1, 3, 5)
    assert found.bias == pytest.approx(-1 / 3)
    assert found.mae == 1
    assert found.rmse == pytest.approx(math.sqrt(5 / 3))
    assert found.coverage is None


def test_without_labels_there_are_sums_alone() -> None:
    found = measure(labels([], []), Expected(rmse=3))
    assert (found.labels, found.error, found.absolute, found.squared) == (0, 0, 0, 0)
    assert all(math.isnan(each) for each in (found.bias, found.mae, found.rmse, found.skill))
    assert found.coverage is None


def test_the_latest_labels_count() -> None:
    old, new = np.full(300, 90.0), np.full(WINDOW, 21.0)
    actual = np.concatenate([old, new])
    found = measure(labels(np.full(len(actual), 20.0), actual, half=5), UNKNOWN)
    assert found.labels == WINDOW
    assert found.mae == 1
    assert found.coverage is not None
    assert found.coverage.ratio == 1


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"cv_rmse": 4.0, "rmse": 2.0}, 4.0),
        ({"rmse": 2.0}, 2.0),
        ({"mae": 2.0}, math.nan),
        ({"cv_rmse": 0.0}, math.nan),
    ],
)
def test_skill_is_measured_against_the_folds_where_there_are_any(
    metrics: dict[str, float], expected: float
) -> None:
    prices = np.full(LEAST_LABELS, 20.0)
    found = measure(labels(prices, prices + 6), quality.expected(metrics, 50))
    assert found.skill == pytest.approx(6 / expected, nan_ok=True)


def test_few_labels_are_not_compared_with_training() -> None:
    prices = np.full(LEAST_LABELS - 1, 20.0)
    found = measure(labels(prices, prices + 6), Expected(rmse=3))
    assert math.isnan(found.skill)
    assert found.rmse == 6


def test_coverage_is_of_intervals_of_90_percent_alone() -> None:
    one = labels([20, 20, 20, 20], [21, 25, 19, 20], half=2)
    assert measure(one, UNKNOWN).coverage is not None
    other = labels([20] * 4, [30] * 4, half=2, level=0.5)
    none = labels([20] * 4, [30] * 4)
    both = Labels(
        **{
            name: np.concatenate([getattr(each, name) for each in (one, other, none)])
            for name in ("price", "actual", "lower", "upper", "level")
        }
    )
    found = measure(both, UNKNOWN)
    assert found.labels == 12
    assert found.coverage is not None
    assert (found.coverage.labels, found.coverage.covered) == (4, 3)
    assert found.coverage.ratio == 0.75
    assert measure(other, UNKNOWN).coverage is None


def test_ends_of_an_interval_belong_to_it() -> None:
    found = measure(labels([20, 20], [18, 22], half=2), UNKNOWN)
    assert found.coverage is not None
    assert found.coverage.covered == 2


def test_a_price_that_was_cut_off_is_covered_by_all_that_reaches_it() -> None:
    # 50 means 50 or more: it may be within 53 to 57, and cannot be within 43 to 47.
    cut_off = labels([55, 45], [50, 50], half=2)
    found = measure(cut_off, Expected(ceiling=50)).coverage
    assert found is not None
    assert found.covered == 1
    other = measure(cut_off, Expected(ceiling=70)).coverage
    assert other is not None
    assert other.covered == 0


@pytest.mark.parametrize(
    ("hits", "count", "bounds"),
    # As of R: prop.test(hits, count, correct = FALSE).
    [
        (90, 100, (0.8256, 0.9448)),
        (0, 10, (0.0, 0.2775)),
        (10, 10, (0.7225, 1.0)),
        (1, 2, (0.0945, 0.9055)),
    ],
)
def test_wilson_bounds(hits: int, count: int, bounds: tuple[float, float]) -> None:
    assert quality.wilson(hits, count) == pytest.approx(bounds, abs=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.5])
def test_the_detector_is_the_recursion_label_by_label(share: float) -> None:
    missed = np.random.default_rng(1).random(400) < share
    statistic, expected = 0.0, []
    for miss in missed:
        ratios = [p / 0.1 if miss else (1 - p) / 0.9 for p in SHARES]
        statistic = (statistic + 1) * sum(ratios) / len(ratios)
        expected.append(statistic)
    assert detector.statistics(missed) == pytest.approx(expected, rel=1e-9)


def test_runs_beside_each_other_are_independent() -> None:
    missed = np.random.default_rng(2).random((50, 3)) < 0.2
    together = detector.statistics(missed)
    for run in range(3):
        assert together[:, run] == pytest.approx(detector.statistics(missed[:, run]))


def test_an_alarm_is_told_once_intervals_hold_too_few() -> None:
    kept = of_misses([False] * 9 + [True]).coverage
    assert kept is not None
    assert not kept.alarm
    broken = of_misses([True] * 20).coverage
    assert broken is not None
    assert broken.alarm
    assert broken.statistic > detector.ALARM


def test_no_number_of_misses_overflows_the_detector() -> None:
    for miss in (True, False):
        found = of_misses(np.full(quality.DETECTOR_LABELS, miss)).coverage
        assert found is not None
        assert math.isfinite(found.statistic)
    assert detector.statistics(np.full(5000, fill_value=True))[-1] == pytest.approx(1e300)
