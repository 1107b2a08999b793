"""Shapley values by their definition: every feature joins every set of the others."""

from collections.abc import Callable
from math import factorial

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def contributions(
    row: Numbers, reference: Numbers, answer: Callable[[Numbers], Numbers]
) -> Numbers:
    """Return what each feature of a row adds to the answer to a reference, shape (features,).

    Args:
        row: Shape (features,).
        reference: Stands in for what is not in a set yet.
        answer: From rows to numbers; asked once, for 2 ** features rows.
    """
    width = len(row)
    sets = (np.arange(2**width)[:, None] >> np.arange(width) & 1).astype(bool)
    answers = answer(np.where(sets, row, reference))
    sizes = sets.sum(axis=1)
    weights = np.array(
        [factorial(size) * factorial(width - size - 1) / factorial(width) for size in range(width)]
    )
    found = np.empty(width)
    for feature in range(width):
        without = np.flatnonzero(~sets[:, feature])
        gains = answers[without + 2**feature] - answers[without]
        found[feature] = weights[sizes[without]] @ gains
    return found
