"""Trees as plain arrays, and the check that they are trees which can be walked."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .arrays import Counts, Vector

# Far above the 300,000 nodes of 300 unlimited trees, and what the evaluator in C can number.
_MOST_NODES = 2**23
_MOST_LEVELS = 2**12
# Of one row, over all trees: about 1 ms. 300 unlimited trees take some 7,000.
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

    @cached_property
    def levels(self) -> tuple[Counts, ...]:
        """The splits of all trees, level by level from the roots down.

        Raises:
            TreesError: There are too many levels.
        """
        found: list[Counts] = []
        place = self.roots
        while len(place := place[self.left[place] >= 0]):
            _require(
                len(found) < _MOST_LEVELS,
                f"a tree of more than {_MOST_LEVELS} levels (limit its depth)",
            )
            found.append(place)
            place = np.concatenate([self.left[place], self.right[place]])
        return tuple(found)


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
    # A tree takes one comparison a level, and no level has more than one of each.
    comparisons = sum(min(len(roots), len(splits)) for splits in trees.levels)
    _require(
        comparisons <= _MOST_COMPARISONS,
        f"trees that take more than {_MOST_COMPARISONS} comparisons a row"
        " (train fewer or smaller ones)",
    )


def explanation_steps(trees: Trees, features: int) -> int:
    """Returns how many steps it takes to explain one sum: nodes times nodes of the quadrature.

    Args:
        trees: The arrays.
        features: How many features there are.
    """
    return len(trees.left) * max(1, -(-min(len(trees.levels), features) // 2))


def _require(condition: bool | np.bool_, text: str) -> None:
    if not condition:
        raise TreesError(text)
