"""Answers with NumPy, where the extension in C was not built: the same numbers, slower."""

import math

import numpy as np

from .arrays import Counts, Prices, Rows, Vector
from .errors import ModelOutputError
from .parts.loaded import Loaded
from .parts.spread import inputs
from .parts.tree_shap import TreeShap
from .preprocess import Preprocessor
from .ranges import Ranges
from .regressor_file import Linear, Regressor
from .trees import Trees

# Rows times trees that are walked at a time: what stays in the cache.
_BLOCK = 2**16


class NumpyEvaluator:
    """Fills, scales and scores rows; every sum is in the order and width of the extension's.

    Args:
        preprocessor: Fills and scales.
        regressor: Scores.
        parts: Assess and explain.
    """

    name = "numpy"

    def __init__(
        self, preprocessor: Preprocessor, regressor: Regressor, parts: Loaded | None = None
    ) -> None:
        self._preprocessor = preprocessor
        self._score = _Sum(regressor) if isinstance(regressor, Linear) else _Walk(regressor)
        self._known = parts.known if parts else None
        self._spread = parts.spread if parts else None
        self._scale = _Walk(self._spread.trees) if self._spread else None
        self._explains = None
        if parts and parts.shares is not None and isinstance(regressor, Trees):
            self._explains = TreeShap(trees=regressor, shares=parts.shares)

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row; as `Bundle.predict`."""
        # What overflows is no price, and refused as such.
        with np.errstate(all="ignore"):
            prices = self._score(self._preprocessor.transform(rows))
        # guard: prices are finite
        if not np.isfinite(prices).all():
            raise ModelOutputError("the model gave a price that is not a finite number")
        return prices

    def fill(self, rows: Rows) -> Rows:
        """Returns the rows with every missing value filled."""
        return self._preprocessor.filled(rows)

    def assess(self, rows: Rows, prices: Prices, quantile: float) -> Rows:
        """Returns lower and upper bounds, p-values and distances, shape (4, n)."""
        if self._known is None:
            raise ValueError("the model knows no houses")
        out = np.full((4, len(rows)), np.nan)
        with np.errstate(all="ignore"):
            scaled = self._preprocessor.transform(rows)
            out[3], _ = self._known.nearest(scaled)
            out[2] = self._known.p_values(out[3])
            if self._spread and self._scale and not math.isnan(quantile):
                blanks = np.isnan(rows).sum(axis=1)
                beyond = np.maximum(out[3] / self._spread.reach, 1.0)
                halves = quantile * (self._scale(inputs(scaled, prices, blanks)) * beyond)
                # Of a spread that nobody has trained.
                halves[~((halves >= 0) & (halves <= np.finfo(np.float64).max))] = np.nan
                # Nothing sells for less than 0; what the model says is within all the same.
                out[0] = np.maximum(prices - halves, np.minimum(prices, 0.0))
                out[1] = prices + halves
        return out

    def answer_plain(self, row: bytes, ranges: Ranges, domain: Rows, quantile: float) -> None:
        """Leaves it to `predict` and `assess`; as `Bundle.answer_plain`."""

    def margins(self, filled: Rows, other: Vector | None) -> Rows:
        """Returns what each feature adds to the sum of trees; as `NativeEvaluator.margins`."""
        if self._explains is None:
            raise ValueError("the model has no shares to explain it by")
        scaled = self._preprocessor.scaled(filled)
        if other is None:
            return self._explains.contributions(scaled)
        return self._explains.against(scaled, self._preprocessor.scaled(other))


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
