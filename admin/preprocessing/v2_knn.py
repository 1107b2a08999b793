"""v2: a missing value becomes the mean of the nearest houses that have it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.impute import KNNImputer

from ..strategies.strategy import PreprocessingStrategy

# Far above the rounding of a distance, far below a difference between two houses.
_TIE = 1e-9

Numbers = NDArray[np.float64]


# scikit-learn has no types, so to mypy its classes are Any.
class FairKNNImputer(KNNImputer):  # type: ignore[misc]
    """KNNImputer, but houses that are equally near count equally.

    Where the last neighbour and the next house are equally near, as happens when most of a
    row is missing, KNNImputer takes the one that the rounding of its distances favours:
    another processor, or the same row in another batch, gives another price. Here all that
    are equally near share the places that are left. All other answers are KNNImputer's.
    """

    @property
    def fitted_rows(self) -> Numbers:
        """The rows it was fitted to, shape (m, features), NaN where missing."""
        rows: Numbers = self._fit_X
        return rows

    def transform(self, X: ArrayLike) -> Numbers:  # noqa: N803 - scikit-learn's own name
        """Fill the missing values of X, shape (n, features)."""
        rows = np.asarray(X, dtype=np.float64)
        filled = np.array(super().transform(X), dtype=np.float64)
        missing = np.isnan(rows)
        for index in np.flatnonzero(missing.any(axis=1)):
            distances = self._distances(rows[index])
            for feature in np.flatnonzero(missing[index]):
                shared = self._shared_mean(distances, int(feature))
                if shared is not None:
                    filled[index, feature] = shared
        return filled

    def _distances(self, row: Numbers) -> Numbers:
        """Return the mean square gap to each fitted row, NaN if no feature is shared."""
        squares = (self.fitted_rows - row) ** 2
        counts = (~np.isnan(squares)).sum(axis=1)
        sums = np.nansum(squares, axis=1)
        known: Numbers = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return known

    def _shared_mean(self, distances: Numbers, feature: int) -> float | None:
        """Return the mean with shared places, or None if no tie decides who is a neighbour."""
        values = self.fitted_rows[:, feature]
        able = ~np.isnan(values) & ~np.isnan(distances)
        if able.sum() <= self.n_neighbors:
            return None
        order = np.argsort(distances[able], kind="stable")
        values, near = values[able][order], distances[able][order]
        last = near[self.n_neighbors - 1]
        if near[self.n_neighbors] > last * (1 + _TIE):
            return None
        start = int((near < last * (1 - _TIE)).sum())
        tied = values[start:][near[start:] <= last * (1 + _TIE)]
        places = self.n_neighbors - start
        return float((values[:start].sum() + places * tied.mean()) / self.n_neighbors)


def _build(params: Mapping[str, Any], seed: int) -> FairKNNImputer:
    del seed  # Nothing here is random.
    # A fold of a small dataset may lack all values of a feature.
    return FairKNNImputer(**params, keep_empty_features=True)


def _describe(fitted: FairKNNImputer) -> dict[str, Any]:
    rows = [
        [None if np.isnan(value) else float(value) for value in row] for row in fitted.fitted_rows
    ]
    return {"kind": "knn", "neighbors": int(fitted.n_neighbors), "rows": rows}


STRATEGY = PreprocessingStrategy(
    name="v2_knn",
    title="Mean of the nearest houses (KNNImputer)",
    summary="the mean of the nearest houses; the bundle holds all rows",
    defaults={"n_neighbors": 10},
    build=_build,
    describe=_describe,
)
