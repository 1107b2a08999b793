"""How far the latest houses are from the training data, feature by feature and as wholes.

The population stability index of a feature is the sum of (live - training) * ln(live / training)
over the bins of its training histogram, where both are shares of all houses. The outer bins are
open towards the outside, and missing values have a bin of their own. Usual reading: below 0.1 the
same, above 0.25 another population.

Houses may be new although each of their features is usual. Of houses as wholes, the p-values tell
how unusual each is: of houses like those of the training data they are spread evenly from 0 to 1.
The largest difference between their distribution and that, the statistic of Kolmogorov and Smirnov,
is the joint drift: of 500 houses like those, chance alone brings about 0.06, seldom more.

How wide intervals are says how far prices are off, before any true price is known: half the width
is a multiple of the error that is to be expected, and training has measured which.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.arrays import Rows, Vector
from housing_grpc.bundle.metadata import Feature, Metadata
from housing_grpc.metrics.state import Series

# The latest so many houses are compared.
WINDOW_ROWS = 10_000
# With fewer, chance alone moves the index by some hundredths: nothing is shown.
LEAST_ROWS = 500
# A smaller share counts as this one: some 500 training rows cannot distinguish 0.5 % from nothing,
# and the logarithm of nothing would drown all else.
_LEAST_SHARE = 0.005
# The joint drift is exact to the width of one.
_P_BINS = 100


class Window:
    """The latest houses; they are sorted into bins only when somebody wants to know.

    Args:
        metadata: Of the model that is asked; its histograms are compared with.
        error_per_half_width: Of its bundle.
    """

    def __init__(self, metadata: Metadata, error_per_half_width: float = math.nan) -> None:
        self._features = [(i, f) for i, f in enumerate(metadata.features) if _usable(f)]
        self._rows = _Latest(len(metadata.features))
        self._p_values = _Latest(1)
        self._half_widths = _Latest(1)
        self._error_per_half_width = error_per_half_width

    def add(self, rows: Rows, p_values: Vector, half_widths: Vector) -> None:
        """Takes houses in, and drops the oldest beyond the window.

        Args:
            rows: Shape (n, features), NaN where a value is missing.
            p_values: Of those of these houses of which they are known, shape (m,).
            half_widths: The same of intervals of 90 %, in the target's unit.
        """
        self._rows.add(rows)
        self._p_values.add(p_values[:, None])
        self._half_widths.add(half_widths[:, None])

    def series(self) -> Series:
        """Returns the houses in each bin, missing last; then the same of the training data."""
        held = self._rows.held()
        return {
            (feature.name,): _binned(held[:, column], feature) for column, feature in self._features
        }

    def p_series(self) -> Series:
        """Returns the p-values in each bin, then as many as are to be expected of them in each."""
        places = np.minimum(self._p_values.held()[:, 0] * _P_BINS, _P_BINS - 1).astype(np.int64)
        counts = np.bincount(places, minlength=_P_BINS).tolist()
        return {(): [*map(float, counts), *[1.0] * _P_BINS]}

    def width_series(self) -> Series:
        """Returns the sum of half widths and their number; then the error per half width, and 1."""
        if math.isnan(self._error_per_half_width):
            return {}
        held = self._half_widths.held()
        return {(): [float(held.sum()), float(len(held)), self._error_per_half_width, 1.0]}


def rows(window: Series) -> float:
    """Returns how many houses are in a window."""
    return max((sum(n[: len(n) // 2]) for n in window.values()), default=0.0)


def indices(window: Series) -> Series:
    """Returns the population stability index of each feature; none while there are too few."""
    if rows(window) < LEAST_ROWS:
        return {}
    return {
        labels: [stability_index(n[: len(n) // 2], n[len(n) // 2 :])]
        for labels, n in window.items()
    }


def stability_index(live: Sequence[float], training: Sequence[float]) -> float:
    """Returns the population stability index of two counts over the same bins."""
    one, other = _shares(live), _shares(training)
    return float(((one - other) * np.log(one / other)).sum())


def joint(window: Series) -> Series:
    """Returns the joint drift of p-values; none while there are too few."""
    if rows(window) < LEAST_ROWS:
        return {}
    return {labels: [_distance(n[: len(n) // 2], n[len(n) // 2 :])] for labels, n in window.items()}


def expected_error(widths: Series) -> Series:
    """Returns the mean absolute error that the widths of intervals lead to expect.

    Args:
        widths: Of a window, or of many together; nothing is told of no houses.
    """
    return {
        labels: [total / count * error_per_half_width]
        for labels, (total, count, error_per_half_width, _) in widths.items()
        if count
    }


class _Latest:
    """The latest rows of numbers, as many as a window holds."""

    def __init__(self, width: int) -> None:
        self._rows = np.empty((WINDOW_ROWS, width))
        self._seen = 0

    def add(self, rows: Rows) -> None:
        latest = rows[-WINDOW_ROWS:]
        start = self._seen % WINDOW_ROWS
        fitting = WINDOW_ROWS - start
        self._rows[start : start + len(latest)] = latest[:fitting]
        self._rows[: len(latest[fitting:])] = latest[fitting:]
        self._seen += len(latest)

    def held(self) -> Rows:
        return self._rows[: self._seen]


def _distance(live: Sequence[float], expected: Sequence[float]) -> float:
    one, other = (np.cumsum(each) / np.sum(each) for each in (live, expected))
    return float(np.abs(one - other).max())


def _binned(values: Rows, feature: Feature) -> list[float]:
    inner, counts = feature.histogram.edges[1:-1], feature.histogram.counts
    bins = np.searchsorted(inner, values, side="right")
    bins[np.isnan(values)] = len(counts)
    live = np.bincount(bins, minlength=len(counts) + 1)
    return [float(count) for count in (*live.tolist(), *counts, feature.missing_count)]


def _shares(counts: Sequence[float]) -> NDArray[np.float64]:
    found = np.array(counts, dtype=np.float64)
    shares: NDArray[np.float64] = np.maximum(found / found.sum(), _LEAST_SHARE)
    return shares


def _usable(feature: Feature) -> bool:
    # A bundle from elsewhere may lack them; it can be served all the same.
    edges, counts = feature.histogram.edges, feature.histogram.counts
    rising = bool(np.all(np.diff(edges) > 0))
    return rising and len(edges) == len(counts) + 1 and min(counts, default=-1) >= 0 < sum(counts)
