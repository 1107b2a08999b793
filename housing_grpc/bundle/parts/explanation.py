"""What made a price: an amount for each feature, which sum to the price.

Trees sum to a margin, which is the price or its logarithm. Where it is the logarithm, what a
feature adds to it becomes an amount by the Aumann-Shapley value of the exponential along the
straight way from the base to the price: it is multiplied with the logarithmic mean of the two, and
keeps its sign and order. What is left over by the rounding of the model's own sum, some 1e-5, goes
to the amounts by their size.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..arrays import Prices, Rows, Vector

# Below so small a sum of logarithms the mean of base and price is the base itself.
_SMALL = 1e-12
_TINY = 1e-300


class Method(StrEnum):
    """How contributions are found."""

    LINEAR = "LINEAR"
    TREE_PATH_DEPENDENT = "TREE_PATH_DEPENDENT"
    REFERENCE = "REFERENCE"


class Link(StrEnum):
    """What the model's sum is: the price, or its logarithm."""

    IDENTITY = "identity"
    LOG = "log"


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """What made the prices of some rows.

    Attributes:
        method: How it was found.
        base: What a price starts from, in the target's unit: that of a house of which nothing
            is known, or of the reference.
        link: What the model's sum is.
        margins: Shape (n, features); what each feature adds to the model's own sum.
        amounts: The same shape, in the target's unit; the base and the sum of a row's amounts
            are its price.
        values: The same shape; the rows, with what was filled in for missing values.
        imputed: The same shape; which values were missing.
    """

    method: Method
    base: float
    link: Link
    margins: Rows
    amounts: Rows
    values: Rows
    imputed: NDArray[np.bool_]

    @cached_property
    def factors(self) -> Rows | None:
        """What each feature multiplies the price by, where the model sums logarithms."""
        return np.exp(self.margins) if self.link is Link.LOG else None


def amounts(margins: Rows, base: float, start: float, prices: Prices, link: Link) -> Rows:
    """Returns what each feature adds to the base, shape (n, features).

    Args:
        margins: What each feature adds to the model's sum, shape (n, features).
        base: In the target's unit.
        start: The model's sum that the margins add to.
        prices: Shape (n,).
        link: What the model's sum is.
    """
    found = margins * _slopes(margins.sum(axis=1), start) if link is Link.LOG else margins
    sizes = np.abs(found)
    # Where nothing is added, what is left over has even shares; else what adds nothing has none.
    sizes[sizes.sum(axis=1) < _TINY] = 1.0
    gaps = prices - base - found.sum(axis=1)
    summed: Rows = found + sizes * (gaps / sizes.sum(axis=1))[:, None]
    return summed


def _slopes(totals: Vector, start: float) -> Rows:
    totals = np.where(np.abs(totals) < _SMALL, _SMALL, totals)
    slopes: Rows = (math.exp(start) * np.expm1(totals) / totals)[:, None]
    return slopes
