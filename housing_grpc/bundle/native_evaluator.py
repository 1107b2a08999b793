"""Predicts with the evaluator in C, where it was built."""

from typing import TYPE_CHECKING

import numpy as np

from . import extension
from .arrays import Prices, Rows
from .errors import BundleFormatError, ModelOutputError
from .preprocess import Preprocessor
from .regressor import Linear, Regressor
from .trees import Trees

if TYPE_CHECKING:
    from ._native import Model

# None where it cannot be used: NumPy gives the same answers.
NATIVE: "type[Model] | None" = extension.model


class NativeEvaluator:
    """Asks the evaluator in C, which does all from a row as it came to its price.

    Args:
        model: Fills, scales and scores.
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


def evaluator(preprocessor: Preprocessor, regressor: Regressor) -> NativeEvaluator | None:
    """Returns the evaluator of a model, or None if it was not built.

    Raises:
        BundleFormatError: The numbers describe no model.
    """
    if NATIVE is None:
        return None
    parts = _linear(regressor) if isinstance(regressor, Linear) else _trees(regressor)
    try:
        imputer = preprocessor.imputer.parts
        return NativeEvaluator(NATIVE(imputer, preprocessor.mean, preprocessor.scale, parts))
    except ValueError as error:
        raise BundleFormatError(f"the model cannot be evaluated: {error}") from error


def _linear(linear: Linear) -> tuple[object, ...]:
    return "linear", np.ascontiguousarray(linear.coefficients), np.array([linear.intercept])


def _trees(trees: Trees) -> tuple[object, ...]:
    flags = np.array([trees.inclusive, trees.float32, trees.exponential], dtype=np.int64)
    return "trees", trees.roots, trees.feature, trees.number, trees.left, trees.right, flags
