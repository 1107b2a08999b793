"""What a fitted regressor computes, without the library that fitted it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """A weighted sum of the features.

    Attributes:
        coefficients: Shape (features,), in the target's unit per standard deviation.
        intercept: Added to the sum, in the target's unit.
    """

    coefficients: Numbers
    intercept: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Tree:
    """A regression tree as arrays over its nodes; node 0 is the root.

    Attributes:
        feature: Shape (nodes,), which feature a node splits on; any number at a leaf.
        threshold: Shape (nodes,), what the feature is compared with; any number at a leaf.
        left: Shape (nodes,), next node where the comparison holds, negative at a leaf.
        right: Shape (nodes,), next node where it does not, negative at a leaf.
        value: Shape (nodes,), what a leaf adds, in the target's unit.
        weight: Shape (nodes,), of the training rows that came to a node, as the library counts
            them; None to have it counted when the model is exported.
    """

    feature: Indices
    threshold: Numbers
    left: Indices
    right: Indices
    value: Numbers
    weight: Numbers | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """A sum of trees over features that are rounded to float32 first.

    Attributes:
        trees: The trees; their weights are already in their values.
        inclusive: Whether a value equal to the threshold goes left.
        base: What the sum starts with, in the target's unit.
        float32: Whether the library sums in float32, tree after tree.
        exponential: Whether the answer is e to the power of the sum; the base and
            the values are logarithms then.
    """

    trees: tuple[Tree, ...]
    inclusive: bool
    base: float
    float32: bool = False
    exponential: bool = False


Graph = Linear | Trees
