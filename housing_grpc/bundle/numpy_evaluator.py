"""Predicts with NumPy, where the extension in C was not built: the same prices, slower."""

import math

import numpy as np

from .arrays import Counts, Prices, Rows
from .errors import ModelOutputError
from .preprocess import Preprocessor
from .regressor import Linear, Regressor
from .trees import Trees

# Rows times trees that are walked at a time: what stays in the cache.
_BLOCK = 2**16


class NumpyEvaluator:
    """Fills, scales and scores rows; every sum is in the order and width of the extension's.

    Args:
        preprocessor: Fills and scales.
        regressor: Scores.
    """

    name = "numpy"

    def __init__(self, preprocessor: Preprocessor, regressor: Regressor) -> None:
        self._preprocessor = preprocessor
        self._score = _Sum(regressor) if isinstance(regressor, Linear) else _Walk(regressor)

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row; as `Bundle.predict`."""
        # What overflows is no price, and refused as such.
        with np.errstate(all="ignore"):
            prices = self._score(self._preprocessor.transform(rows))
        # guard: prices are finite
        if not np.isfinite(prices).all():
            raise ModelOutputError("the model gave a price that is not a finite number")
        return prices


class _Sum:
    def __init__(self, linear: Linear) -> None:
        self._linear = linear

    def __call__(self, rows: Rows) -> Prices:
        total = np.zeros(len(rows))
        for column, coefficient in zip(rows.T, self._linear.coefficients, strict=True):
            total += column * coefficient
        return total + self._linear.intercept


class _Walk:
    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._leaf = trees.left < 0
        # A leaf leads to itself, so that all trees can be walked to the depth of the deepest.
        itself = np.arange(len(trees.left))
        self._left = np.where(self._leaf, itself, trees.left)
        self._right = np.where(self._leaf, itself, trees.right)
        self._holds = np.less_equal if trees.inclusive else np.less

    def __call__(self, rows: Rows) -> Prices:
        compared = rows.astype(np.float32).astype(np.float64)
        step = max(1, _BLOCK // len(self._trees.roots))
        parts = [self._part(compared[at : at + step]) for at in range(0, len(rows), step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _part(self, rows: Rows) -> Prices:
        trees = self._trees
        leaves = trees.number[self._walked(rows)]
        if trees.float32:
            leaves = leaves.astype(np.float32)
        # Summed one after the other, where `sum` would do so in pairs.
        total = np.cumsum(leaves, axis=1, dtype=leaves.dtype)[:, -1].astype(np.float64)
        if trees.exponential:
            # C's exp, which NumPy's may differ from in the last bit.
            return np.array([_exp(value) for value in total.tolist()])
        return total

    def _walked(self, rows: Rows) -> Counts:
        """Returns the leaf that each row comes to in each tree."""
        trees, row = self._trees, np.arange(len(rows))[:, None]
        place = np.broadcast_to(trees.roots, (len(rows), len(trees.roots)))
        while not self._leaf[place].all():
            holds = self._holds(rows[row, trees.feature[place]], trees.number[place])
            place = np.where(holds, self._left[place], self._right[place])
        return place


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
