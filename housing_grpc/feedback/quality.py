"""How good the prices of one model were: from outcomes to figures, and nothing else."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.feedback import detector
from housing_grpc.feedback.outcome import Labels

WINDOW = 1000
"""All figures but the detector's are computed from the latest so many labels."""

DETECTOR_LABELS = 100_000
"""The detector looks at the latest so many."""

LEAST_LABELS = 50
"""With fewer, chance alone makes a good model look bad: nothing is compared with training."""

# Half the width, in standard errors, of an interval of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What training says of a model; NaN for what it does not.

    Attributes:
        rmse: Root of the mean squared error that is to be expected, in the target's unit.
        ceiling: Largest true price of the training data. Where prices are cut off there, one that
            is as large says no more than "so much or more".
    """

    rmse: float = math.nan
    ceiling: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How many true prices were within their intervals of 90 %.

    Attributes:
        labels: Those with such an interval.
        covered: Of these, within it.
        ratio: The share, 0 to 1.
        lower: Lower end of the Wilson interval of 95 % of that share.
        upper: Upper end.
        statistic: The detector's.
    """

    labels: int
    covered: int
    ratio: float
    lower: float
    upper: float
    statistic: float

    @property
    def alarm(self) -> bool:
        """Whether intervals no longer hold what they promise."""
        return self.statistic >= detector.ALARM

    def numbers(self) -> dict[str, float]:
        """Returns the figures by their names in metrics, as `Figures.numbers`."""
        found = {
            "interval_labels": float(self.labels),
            "interval_covered": float(self.covered),
            "coverage_detector": self.statistic,
        }
        if self.labels >= LEAST_LABELS:
            found |= {
                "interval_coverage_ratio": self.ratio,
                "interval_coverage_lower": self.lower,
                "interval_coverage_upper": self.upper,
            }
        return found


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How good prices were, by the latest labels; errors are price minus true price.

    Attributes:
        labels: How many the figures are computed from.
        error: Sum of the errors, in the target's unit.
        absolute: Sum of their absolute values.
        squared: Sum of their squares.
        coverage: Of the intervals, None if none of the labels has one.
        expected_rmse: That which training measured; NaN if it is not known.
    """

    labels: int
    error: float
    absolute: float
    squared: float
    coverage: Coverage | None
    expected_rmse: float

    @property
    def bias(self) -> float:
        """What prices were too high by on average; NaN without labels, as are the next two."""
        return self.error / self.labels if self.labels else math.nan

    @property
    def mae(self) -> float:
        """Mean absolute error."""
        return self.absolute / self.labels if self.labels else math.nan

    @property
    def rmse(self) -> float:
        """Root of the mean squared error."""
        return math.sqrt(self.squared / self.labels) if self.labels else math.nan

    @property
    def enough(self) -> bool:
        """Whether there are so many labels that rates can be read without their bounds."""
        return self.labels >= LEAST_LABELS

    @property
    def skill(self) -> float:
        """RMSE divided by that of training; NaN with too few labels, or without the other."""
        comparable = self.enough and self.expected_rmse > 0
        return self.rmse / self.expected_rmse if comparable else math.nan

    def numbers(self) -> dict[str, float]:
        """Returns the figures by their names in metrics, NaN for those that are not known.

        Rates of few labels are none: they would mislead whoever looks at them without their
        number. Sums can be added to those of another store.
        """
        found = {
            "labels": float(self.labels),
            "summed_error": self.error,
            "summed_absolute_error": self.absolute,
            "summed_squared_error": self.squared,
        }
        if self.enough:
            found |= {"rmse": self.rmse, "mae": self.mae, "bias": self.bias, "skill": self.skill}
        return found | (self.coverage.numbers() if self.coverage else {})


def expected(metrics: Mapping[str, float], ceiling: float) -> Expected:
    """Returns what training says of a model.

    Args:
        metrics: Measured in training, by name. Of two, that over all folds is taken: a single
            tenth of the data that was held out is a few lucky or unlucky houses.
        ceiling: Largest true price of the training data.
    """
    rmse = metrics.get("cv_rmse", metrics.get("rmse", math.nan))
    return Expected(rmse=rmse if 0 < rmse < math.inf else math.nan, ceiling=ceiling)


def measure(labels: Labels, expects: Expected) -> Figures:
    """Returns how good prices were.

    Args:
        labels: In the order in which they were recorded, the latest `DETECTOR_LABELS`.
        expects: Of the model.
    """
    errors = labels.price[-WINDOW:] - labels.actual[-WINDOW:]
    return Figures(
        labels=len(errors),
        error=float(errors.sum()),
        absolute=float(np.abs(errors).sum()),
        squared=float((errors**2).sum()),
        coverage=_coverage(labels, expects.ceiling),
        expected_rmse=expects.rmse,
    )


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Returns the Wilson interval of 95 % of a share.

    Args:
        hits: At most `count`.
        count: At least 1.
    """
    share, spread = hits / count, _Z**2 / count
    middle = share + spread / 2
    half = _Z * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    # Where all or none are hits, rounding would leave the true end a hair outside.
    return (0.0 if hits == 0 else low), (1.0 if hits == count else high)


def _coverage(labels: Labels, ceiling: float) -> Coverage | None:
    known = labels.level == INTERVAL_LEVEL
    missed = ~_covered(labels, ceiling)
    latest = missed[-WINDOW:][known[-WINDOW:]]
    if not len(latest):
        return None
    covered = int(np.count_nonzero(~latest))
    lower, upper = wilson(covered, len(latest))
    return Coverage(
        labels=len(latest),
        covered=covered,
        ratio=covered / len(latest),
        lower=lower,
        upper=upper,
        statistic=float(detector.statistics(missed[known])[-1]),
    )


def _covered(labels: Labels, ceiling: float) -> NDArray[np.bool_]:
    within = (labels.lower <= labels.actual) & (labels.actual <= labels.upper)
    # "50 or more" is within whatever interval reaches 50, also one that begins above it.
    cut_off = (labels.actual == ceiling) & (labels.upper >= ceiling)
    found: NDArray[np.bool_] = within | cut_off
    return found
