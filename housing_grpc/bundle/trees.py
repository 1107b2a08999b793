"""Trees as plain arrays, and the check that they are trees which can be walked."""

from dataclasses import dataclass

import numpy as np

from .arrays import Counts, Vector

# Far above the 300,000 nodes of 300 unlimited trees, and what the evaluator in C can number.
_MOST_NODES = 2**23
_MOST_LEVELS = 2**12
# Of one row, over all trees: about 1 ms. 300 unlimited trees take some 6,000.
_MOST_COMPARISONS = 2**17


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """A sum of trees over features that are rounded to float32 first.

    Attributes:
        roots: Shape (trees,), the first node of each, in the order of the sum.
        feature: Shape (nodes,), which feature a node splits on; 0 at a leaf.
        number: Shape (nodes,), what the feature is compared with, or what a leaf adds.
        left: Shape (nodes,), next node where the comparison holds; -1 at a leaf.
        right: Shape (nodes,), next node where it does not; -1 at a leaf.
        inclusive: Whether a value equal to the threshold goes left.
        float32: Whether to sum in float32, tree after tree.
        exponential: Whether the price is e to the power of the sum.
    """

    roots: Counts
    feature: Counts
    number: Vector
    left: Counts
    right: Counts
    inclusive: bool
    float32: bool
    exponential: bool


class TreesError(ValueError):
    """The arrays are no trees, or take too long to walk; the text names what they hold."""


def check(trees: Trees, features: int) -> None:
    """Checks that whoever starts at a root comes to a leaf soon, whatever the row.

    Each node has at most one parent, so that no circle can be reached.

    Args:
        trees: The arrays.
        features: How many features there are.

    Raises:
        TreesError: They are none, or take too long.
    """
    roots, left, right = trees.roots, trees.left, trees.right
    _require(
        0 < len(roots) <= len(left) <= _MOST_NODES,
        f"no trees, or more than {_MOST_NODES} nodes (train fewer or smaller trees)",
    )
    _require(np.isfinite(trees.number).all(), "a number that is not finite")
    known = (trees.feature >= 0) & (trees.feature < features)
    _require(known.all(), "a split on a feature that is not there")
    leaf = left == -1
    _require((leaf == (right == -1)).all(), "a node that is neither a leaf nor a split")
    reached = np.concatenate([roots, left[~leaf], right[~leaf]])
    there = (reached >= 0) & (reached < len(left))
    _require(there.all(), "a node that is not there")
    # guard: no circle in a tree
    _require((np.bincount(reached) <= 1).all(), "a node with two parents")
    _check_walk(trees)


def explanation_steps(trees: Trees, features: int) -> int:
    """Returns how many steps it takes to explain one sum: nodes times nodes of the quadrature.

    Args:
        trees: The arrays.
        features: How many features there are.
    """
    place, levels = trees.roots, 0
    while len(place := place[trees.left[place] >= 0]):
        place = np.concatenate([trees.left[place], trees.right[place]])
        levels += 1
    return len(trees.left) * max(1, -(-min(levels, features) // 2))


def _check_walk(trees: Trees) -> None:
    """Goes down all trees at once, level by level."""
    place, tree, comparisons = trees.roots, np.arange(len(trees.roots)), 0
    for _ in range(_MOST_LEVELS):
        goes_on = trees.left[place] >= 0
        place, tree = place[goes_on], tree[goes_on]
        if not len(place):
            return
        comparisons += len(np.unique(tree))
        _require(
            comparisons <= _MOST_COMPARISONS,
            f"trees that take more than {_MOST_COMPARISONS} comparisons a row"
            " (train fewer or smaller ones)",
        )
        place = np.concatenate([trees.left[place], trees.right[place]])
        tree = np.concatenate([tree, tree])
    _require(False, f"a tree of more than {_MOST_LEVELS} levels (limit its depth)")


def _require(condition: bool | np.bool_, text: str) -> None:
    if not condition:
        raise TreesError(text)
