"""Answers with the evaluator in C, where it was built."""

from typing import TYPE_CHECKING

import numpy as np

from . import extension
from .arrays import PlainAnswer, Prices, Rows, Vector
from .errors import BundleFormatError, ModelOutputError
from .parts.loaded import Loaded
from .parts.spread import Spread
from .preprocess import Preprocessor
from .ranges import Ranges
from .regressor_file import Linear, Regressor
from .trees import Trees

if TYPE_CHECKING:
    from ._native import Model

# None where it cannot be used: NumPy gives the same answers.
NATIVE: "type[Model] | None" = extension.model

_NO_ROW = np.empty(0)


class NativeEvaluator:
    """Asks the evaluator in C, which does all from a row as it came.

    Args:
        model: Fills, scales, scores, assesses and explains.
    """

    name = "native"

    def __init__(self, model: "Model") -> None:
        self._model = model

    def predict(self, rows: Rows) -> Prices:
        """Predicts a price a row; as `Bundle.predict`."""
        prices = np.empty(len(rows))
        if not self._model.predict(extension.readable(rows), prices):
            raise ModelOutputError("the model gave a price that is not a finite number")
        return prices

    def fill(self, rows: Rows) -> Rows:
        """Returns the rows with every missing value filled."""
        filled = np.empty(rows.shape)
        self._model.fill(extension.readable(rows), filled)
        return filled

    def assess(self, rows: Rows, prices: Prices, quantile: float) -> Rows:
        """Returns lower and upper bounds, p-values and distances, shape (4, n)."""
        out = np.empty((4, len(rows)))
        self._model.assess(extension.readable(rows), extension.readable(prices), quantile, out)
        return out

    def answer_plain(
        self, row: bytes, ranges: Ranges, domain: Rows, quantile: float
    ) -> PlainAnswer | None:
        """Prices and assesses one row; as `Bundle.answer_plain`."""
        return self._model.answer_plain(row, ranges.minimum, ranges.maximum, domain, quantile)

    def margins(self, filled: Rows, other: Vector | None) -> Rows:
        """Returns what each feature adds to the sum of trees, shape (n, features).

        Args:
            filled: Rows without missing values.
            other: A row that stands in for what is not known, or None.
        """
        out = np.empty(filled.shape)
        other = _NO_ROW if other is None else extension.readable(other)
        self._model.explain(extension.readable(filled), other, out)
        return out


def evaluator(
    preprocessor: Preprocessor, regressor: Regressor, parts: Loaded | None = None
) -> NativeEvaluator | None:
    """Returns the evaluator of a model and its parts, or None if it was not built.

    Raises:
        BundleFormatError: The numbers describe no model.
    """
    if NATIVE is None:
        return None
    linear = isinstance(regressor, Linear)
    arrays = _linear(regressor) if isinstance(regressor, Linear) else _trees(regressor)
    known = parts.known.parts if parts and parts.known else None
    spread = _spread(parts.spread) if parts and parts.spread else None
    shares = parts.shares if parts and not linear else None
    try:
        imputer, mean, scale = preprocessor.imputer.parts, preprocessor.mean, preprocessor.scale
        return NativeEvaluator(NATIVE(imputer, mean, scale, arrays, known, spread, shares))
    except ValueError as error:
        raise BundleFormatError(f"the model cannot be evaluated: {error}") from error


def _linear(linear: Linear) -> tuple[object, ...]:
    return "linear", np.ascontiguousarray(linear.coefficients), np.array([linear.intercept])


def _trees(trees: Trees) -> tuple[object, ...]:
    flags = np.array([trees.inclusive, trees.float32, trees.exponential], dtype=np.int64)
    return "trees", trees.roots, trees.feature, trees.number, trees.left, trees.right, flags


def _spread(spread: Spread) -> tuple[object, ...]:
    return *_trees(spread.trees), np.array([spread.reach])
