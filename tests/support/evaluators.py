"""The evaluators with models made for a test, and rows to ask them for."""

import numpy as np
from numpy.typing import NDArray

from admin.export.flatten import flatten
from admin.strategies.graph import Graph, Tree
from housing_grpc.bundle.imputers import ConstantImputer
from housing_grpc.bundle.native_evaluator import NativeEvaluator, evaluator
from housing_grpc.bundle.preprocess import Preprocessor
from tests.bundle.random_trees import random_tree

Rows = NDArray[np.float64]

WIDTH = 13
UNSCALED = Preprocessor(ConstantImputer(np.full(WIDTH, 0.5)), np.zeros(WIDTH), np.ones(WIDTH))
SCALED = Preprocessor(
    ConstantImputer(np.arange(WIDTH) / 8), np.linspace(-0.3, 0.7, WIDTH), np.full(WIDTH, 0.37)
)


def native(graph: Graph, preprocessor: Preprocessor = UNSCALED) -> NativeEvaluator:
    """Returns the evaluator of a model."""
    found = evaluator(preprocessor, flatten(graph))
    assert found is not None
    return found


def forest(random: np.random.Generator, trees: int, splits: int) -> tuple[Tree, ...]:
    """Returns trees of so many splits at most."""
    return tuple(random_tree(random, int(random.integers(0, splits + 1))) for _ in range(trees))


def grid(random: np.random.Generator, count: int) -> Rows:
    """Returns rows whose values are thresholds often, or next to one; some are missing."""
    rows = np.round(random.normal(size=(count, WIDTH)), 1)
    rows[random.random(rows.shape) < 0.05] = np.nan
    return np.where(random.random(rows.shape) < 0.1, np.nextafter(rows, np.inf), rows)
