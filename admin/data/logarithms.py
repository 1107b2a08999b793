"""Tells logarithms by what they were taken of: that is round, where they are not."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# Each way back, and how many times as much it changes as a value does, in parts of what it gives.
_BACK: tuple[tuple[Callable[[Values], Values], float], ...] = (
    (np.exp, 1.0),
    (np.expm1, 1.0),
    (np.exp2, math.log(2)),
    (lambda values: 10.0**values, math.log(10)),
)
# Different values that are enough to tell by, and how many of them are round.
_ENOUGH, _ROUND_SHARE = 8, 0.9
# Of a step, the most by which a value may miss it: by chance, one in ten does not.
_LARGEST_ERROR = 0.05
_MOST_DECIMALS = 15
_STEPS = [10.0**power for power in range(-3, 6)]


def are_of_round(values: Values) -> bool:
    """Tell whether values are logarithms of rounder ones, such as of 24.0 or 24000.

    Args:
        values: Shape (n,), below 300.
    """
    values = np.unique(values)
    if len(values) < _ENOUGH:
        return False
    written = 0.5 * 10.0 ** -_decimals(values)
    for back, slope in _BACK:
        meant = back(values)
        error = slope * written * (meant + 1) + 1e-12 * meant
        if any(_are_multiples(meant, step, error) for step in _STEPS):
            return True
    return False


def _decimals(values: Values) -> int:
    for decimals in range(_MOST_DECIMALS):
        if np.abs(values - np.round(values, decimals)).max() < 1e-12:
            return decimals
    return _MOST_DECIMALS


def _are_multiples(values: Values, step: float, error: Values) -> bool:
    if error.max() > _LARGEST_ERROR * step or np.median(values) < step:
        return False
    missed = np.abs(values / step - np.round(values / step))
    return bool(np.mean(missed <= error / step + 1e-9) >= _ROUND_SHARE)
