"""Whether the arrays of a TreeEnsemble are trees, and how long it takes to walk them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .errors import require

Indices = NDArray[np.int64]

# Far above the 150,000 splits of 300 unlimited trees, and what the evaluator in C can number.
_MOST_SPLITS = 2**22
# ONNX Runtime calls itself for each level while it loads.
_MOST_LEVELS = 2**12
# Of one row, over all trees: about 1 ms. 300 unlimited trees take some 6,000.
_MOST_COMPARISONS = 2**17
_COLUMNS = (
    "nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs", "nodes_falseleafs",
)  # fmt: skip


def check_trees(indices: Mapping[str, Indices], leaves: int, features: int) -> None:
    """Refuses what is not trees, or takes too long to walk.

    Each split and each leaf has at most one parent, so that whoever starts at a root comes to
    a leaf: no circle can be reached.

    Args:
        indices: The attributes of the ensemble that are integers, none below zero, by name.
        leaves: How many leaves there are.
        features: How many features there are.

    Raises:
        ForeignGraphError: They are no trees; the text says why.
    """
    roots, feature = indices["tree_roots"], indices["nodes_featureids"]
    splits = len(feature)
    require(
        0 < splits <= _MOST_SPLITS and leaves <= 2 * splits,
        f"no splits, or more than {_MOST_SPLITS} (train fewer or smaller trees)",
    )
    require(all(len(indices[name]) == splits for name in _COLUMNS), "splits of another number")
    require(bool((feature < features).all()), "a split on a feature that is not there")
    true, false, true_is_leaf, false_is_leaf = (indices[name] for name in _COLUMNS)
    children, kinds = np.stack([true, false]), np.stack([true_is_leaf, false_is_leaf])
    require(bool((kinds <= 1).all()), "a child that is neither a leaf nor a split")
    is_leaf = kinds == 1
    _check_parents(children[is_leaf], leaves)
    _check_parents(np.concatenate([roots, children[~is_leaf]]), splits)
    _check_walk(roots, children, is_leaf)


def _check_parents(ids: Indices, count: int) -> None:
    require(bool((ids < count).all()), "a child that is not there")
    require(bool((np.bincount(ids) <= 1).all()), "a split or leaf with two parents")


def _check_walk(roots: Indices, children: Indices, is_leaf: NDArray[np.bool_]) -> None:
    """Goes down all trees at once, level by level."""
    place, tree, comparisons = roots, np.arange(len(roots)), 0
    for _ in range(_MOST_LEVELS):
        comparisons += len(np.unique(tree))
        require(
            comparisons <= _MOST_COMPARISONS,
            f"trees that take more than {_MOST_COMPARISONS} comparisons a row"
            " (train fewer or smaller ones)",
        )
        goes_on = ~is_leaf[:, place]
        tree = np.broadcast_to(tree, goes_on.shape)[goes_on]
        place = children[:, place][goes_on]
        if not len(place):
            return
    require(False, f"a tree of more than {_MOST_LEVELS} levels (limit its depth)")
