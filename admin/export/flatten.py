"""Makes the arrays of a bundle of what a fitted regressor computes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from housing_grpc.bundle import regressor_file, trees

from ..strategies.graph import Graph, Linear, Tree, Trees


def flatten(graph: Graph) -> regressor_file.Regressor:
    """Return a regressor as it is written into a bundle.

    scikit-learn and XGBoost round the features to float32 before they compare them.
    What is written sums leaves as its library does: scikit-learn in float64; XGBoost in float32,
    in the order of its trees, starting from the base. In another order the sum of some hundred
    leaves is off by more than 1e-4.
    """
    if isinstance(graph, Linear):
        return regressor_file.Linear(coefficients=graph.coefficients, intercept=graph.intercept)
    return flatten_trees(graph)


def flatten_trees(graph: Trees) -> trees.Trees:
    """Return trees as they are written into a bundle; as `flatten`."""
    number = np.float32 if graph.float32 else np.float64
    return _joined(_with_base(graph, number), graph, number)


def _with_base(graph: Trees, number: type[np.float32 | np.float64]) -> list[Tree]:
    """Return the trees with the base in the first one, where the library's sum starts."""
    found = [_split(tree) for tree in graph.trees]
    base = np.asarray(graph.base, dtype=number)
    start = replace(found[0], value=base + found[0].value.astype(number))
    return [start, *found[1:]]


def _split(tree: Tree) -> Tree:
    """Return a tree that has a split at its root, as ONNX Runtime wants it."""
    if tree.left[0] >= 0:
        return tree
    return Tree(
        feature=np.zeros(3, dtype=np.int64),
        threshold=np.zeros(3),
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        value=np.full(3, tree.value[0]),
    )


def _joined(
    found: Sequence[Tree], graph: Trees, number: type[np.float32 | np.float64]
) -> trees.Trees:
    sizes = [len(tree.left) for tree in found]
    roots = np.cumsum([0, *sizes[:-1]])
    starts = np.repeat(roots, sizes)
    left, right, feature, threshold, value = (
        np.concatenate([getattr(tree, name) for tree in found])
        for name in ("left", "right", "feature", "threshold", "value")
    )
    leaf = left < 0
    return trees.Trees(
        roots=roots,
        feature=np.where(leaf, 0, feature),
        number=np.where(leaf, value, threshold).astype(number).astype(np.float64),
        left=np.where(leaf, -1, left + starts),
        right=np.where(leaf, -1, right + starts),
        inclusive=graph.inclusive,
        float32=graph.float32,
        exponential=graph.exponential,
    )
