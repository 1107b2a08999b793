"""Finds columns of two units by the houses of one town, which are near each other."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# What all rows of a town share, and what else they have in common.
_SHARED = ("RAD", "TAX", "PTRATIO")
_NEAR = ("CRIM", "ZN", "INDUS", "AGE", "DIS", "B", "LSTAT")
# In the shipped data, the values of one town in twenty differ by more, at most.
_FACTOR, _LEAST_SHARE, _LEAST_TOWNS = 8.0, 0.25, 15


def find(numbers: Values, names: Sequence[str], where: Sequence[str]) -> dict[str, str]:
    """Look at the columns that may have values of any size, town by town.

    Args:
        numbers: Shape (rows, columns), NaN where a value is missing.
        names: Of the columns.
        where: What to call each row, such as "line 7".

    Returns:
        By the column, what is in doubt of it.
    """
    towns = list(_towns(numbers[:, [names.index(name) for name in _SHARED]]))
    doubts = {}
    for name in _NEAR:
        ends = list(_ends(numbers[:, names.index(name)], towns))
        apart = [(low, high) for low, high, factor in ends if factor >= _FACTOR]
        if len(ends) >= _LEAST_TOWNS and len(apart) >= _LEAST_SHARE * len(ends):
            values = numbers[:, names.index(name)]
            one, other = (f"{values[row]:g} in {where[row]}" for row in apart[0])
            doubts[name] = (
                f"differs by {_FACTOR:g} times and more within {len(apart)} of {len(ends)} towns"
                f" (rows of one {', '.join(_SHARED)}), such as {one} and {other}:"
                " two units may be mixed; give all in one"
            )
    return doubts


def _towns(shared: Values) -> Iterator[NDArray[np.intp]]:
    rows = np.flatnonzero(~np.isnan(shared).any(axis=1))
    if not len(rows):
        return
    _, town = np.unique(shared[rows], axis=0, return_inverse=True)
    for number in range(int(town.max()) + 1):
        yield rows[town == number]


def _ends(values: Values, towns: Sequence[NDArray[np.intp]]) -> Iterator[tuple[int, int, float]]:
    """Yield, of each town with two values, the rows of the ends, and how many times they differ."""
    for town in towns:
        rows = town[values[town] > 0]
        if len(rows) > 1:
            low, high = (int(rows[end(values[rows])]) for end in (np.argmin, np.argmax))
            yield low, high, float(values[high] / values[low])
