"""Predicts with the evaluator in C, where it was built and knows the graph."""

from typing import TYPE_CHECKING

import numpy as np

from . import extension
from .arrays import Prices, Rows
from .errors import BundleFormatError, ModelOutputError
from .format import MODEL_FILE
from .onnx import Ensemble, Graph, Linear
from .preprocess import Preprocessor

if TYPE_CHECKING:
    from ._native import Model

# None where it cannot be used: ONNX Runtime gives the same answers.
NATIVE: "type[Model] | None" = extension.model


class Evaluator:
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


def evaluator(preprocessor: Preprocessor, graph: Graph) -> Evaluator | None:
    """Returns the evaluator of a graph, or None if it was not built.

    Raises:
        BundleFormatError: The numbers describe no model.
    """
    if NATIVE is None:
        return None
    regressor = graph.regressor
    parts = _linear(regressor) if isinstance(regressor, Linear) else _trees(regressor)
    try:
        imputer = preprocessor.imputer.parts
        return Evaluator(NATIVE(imputer, preprocessor.mean, preprocessor.scale, parts))
    except ValueError as error:
        raise BundleFormatError(f"{MODEL_FILE}: {error}") from error


def _linear(regressor: Linear) -> tuple[object, ...]:
    return "linear", np.ascontiguousarray(regressor.coefficients), np.array([regressor.intercept])


def _trees(regressor: Ensemble) -> tuple[object, ...]:
    indices = regressor.indices
    flags = [regressor.inclusive, regressor.float32, regressor.exponential]
    return (
        "trees",
        indices["tree_roots"],
        indices["nodes_featureids"],
        regressor.threshold,
        indices["nodes_truenodeids"],
        indices["nodes_trueleafs"],
        indices["nodes_falsenodeids"],
        indices["nodes_falseleafs"],
        regressor.weight,
        np.array(flags, dtype=np.int64),
    )
