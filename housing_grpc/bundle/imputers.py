"""The three imputers, served from their fitted numbers.

Sources: scikit-learn's SimpleImputer, KNNImputer and IterativeImputer, whose
answers these give; the export compares them before a bundle is accepted.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import Rows

Mask = NDArray[np.bool_]
Step = tuple[int, NDArray[np.int_], Rows, float]

# Relative; far above the rounding of a distance, far below a difference between two houses.
_TIE = 1e-9


class Imputer(Protocol):
    """Fills what is missing."""

    @property
    def parts(self) -> tuple[object, ...]:
        """Its name and arrays, for the evaluator in C."""
        ...

    def fill(self, rows: Rows, missing: Mask) -> Rows:
        """Returns `rows` with every missing value filled.

        Args:
            rows: Shape (n, features), NaN where missing; may be changed.
            missing: Where `rows` is NaN; at least one a row.
        """
        ...


class ConstantImputer:
    """Fills each feature with one number, such as its median.

    Args:
        values: Shape (features,).
    """

    def __init__(self, values: Rows) -> None:
        self.parts = ("constant", values)
        self._values = values

    def fill(self, rows: Rows, missing: Mask) -> Rows:
        """Returns `rows` with every missing value filled."""
        return np.where(missing, self._values, rows)


class KnnImputer:
    """Fills with the mean of the nearest training rows that have the value.

    Near is the Euclidean distance over the features that both rows have, scaled
    up by the share of features that one of them misses. Rows as near as the last
    neighbour share its place: which of them an algorithm happens to meet first
    depends on the processor and on the rounding of the distances.

    Args:
        rows: Training rows, shape (m, features), NaN where missing.
        neighbors: How many rows to take the mean of.
    """

    def __init__(self, rows: Rows, neighbors: int) -> None:
        if neighbors < 1 or not len(rows):
            raise ValueError("a KNN imputer needs a row and a neighbour at least")
        self.parts = ("knn", np.ascontiguousarray(rows), np.array([neighbors]))
        self._present = ~np.isnan(rows)
        if not self._present.any(axis=0).all():
            raise ValueError("a KNN imputer needs a value in every feature")
        self._filled = np.where(self._present, rows, 0.0)
        self._means = self._filled.sum(axis=0) / self._present.sum(axis=0)
        self._neighbors = neighbors

    def fill(self, rows: Rows, missing: Mask) -> Rows:
        """Returns `rows` with every missing value filled."""
        for row, lacks in zip(rows, missing, strict=True):
            distances = self._distances(row, lacks)
            for feature in np.flatnonzero(lacks):
                row[feature] = self._mean_of_nearest(distances, int(feature))
        return rows

    def _distances(self, row: Rows, lacks: Mask) -> Rows:
        both = self._present & ~lacks
        gaps = np.where(both, self._filled - row, 0.0)
        shared = both.sum(axis=1)
        squares = np.einsum("ij,ij->i", gaps, gaps)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(shared > 0, squares / shared, np.nan)

    def _mean_of_nearest(self, distances: Rows, feature: int) -> float:
        donors = self._present[:, feature] & ~np.isnan(distances)
        near, values = distances[donors], self._filled[donors, feature]
        if not near.size:
            return float(self._means[feature])
        if near.size <= self._neighbors:
            return float(values.mean())
        last = np.partition(near, self._neighbors - 1)[self._neighbors - 1]
        closer = near < last * (1 - _TIE)
        tied = ~closer & (near <= last * (1 + _TIE))
        places = self._neighbors - closer.sum()
        return float((values[closer].sum() + places * values[tied].mean()) / self._neighbors)


class IterativeImputer:
    """Fills by rounds of linear regressions on the other features.

    Args:
        initial: First guess for each feature, shape (features,).
        minimum: Smallest value to fill in, shape (features,).
        maximum: Largest value to fill in, shape (features,).
        steps: In order: the feature, the features it is computed from, their
            coefficients and the intercept.
    """

    def __init__(
        self, *, initial: Rows, minimum: Rows, maximum: Rows, steps: Sequence[Step]
    ) -> None:
        for feature, inputs, coefficients, _ in steps:
            if len(inputs) == 0:
                raise ValueError("a step is computed from no feature")
            if len(inputs) != len(coefficients):
                raise ValueError("a step has not as many coefficients as inputs")
            if not all(0 <= each < len(initial) for each in (feature, *inputs)):
                raise ValueError("a step names a feature that is not there")
        self.parts = _parts(initial, minimum, maximum, steps)
        self._initial = initial
        self._minimum = minimum
        self._maximum = maximum
        self._steps = steps

    def fill(self, rows: Rows, missing: Mask) -> Rows:
        """Returns `rows` with every missing value filled."""
        filled: Rows = np.where(missing, self._initial, rows)
        concerned: Mask = np.any(missing, axis=0)
        for feature, inputs, coefficients, intercept in self._steps:
            if concerned[feature]:
                lacking = missing[:, feature]
                # Unlike a matrix product, einsum sums a row alike whatever rows are with it.
                known = np.ascontiguousarray(filled[np.ix_(lacking, inputs)])
                guess = np.einsum("ij,j->i", known, coefficients) + intercept
                low, high = self._minimum[feature], self._maximum[feature]
                filled[lacking, feature] = np.clip(guess, low, high)
        return filled


def _parts(
    initial: Rows, minimum: Rows, maximum: Rows, steps: Sequence[Step]
) -> tuple[object, ...]:
    return (
        "iterative",
        initial,
        minimum,
        maximum,
        np.array([feature for feature, *_ in steps], dtype=np.int64),
        np.array([len(inputs) for _, inputs, *_ in steps], dtype=np.int64),
        np.array([place for _, inputs, *_ in steps for place in inputs], dtype=np.int64),
        np.array([number for *_, coefficients, _ in steps for number in coefficients], dtype=float),
        np.array([intercept for *_, intercept in steps], dtype=float),
    )
