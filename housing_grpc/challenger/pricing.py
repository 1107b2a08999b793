"""Asks a model for prices, and gets along with one that has none."""

import numpy as np

from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.model import Bundle

LARGEST = 1e12
"""No house sells for more, in whatever unit, and squares of it can still be added up."""


def prices(bundle: Bundle, rows: Rows) -> Prices:
    """Returns a price a row, shape (n,): NaN where the model gives none that could be one.

    Args:
        bundle: The model.
        rows: Shape (n, features), NaN where a value is missing.
    """
    if not len(rows):
        return np.empty(0)
    try:
        found = bundle.predict(rows)
    except ModelOutputError:
        if len(rows) == 1:
            return np.full(1, np.nan)
    else:
        # No number holds the squares of larger prices.
        return np.where(np.abs(found) <= LARGEST, found, np.nan)
    half = len(rows) // 2
    return np.concatenate((prices(bundle, rows[:half]), prices(bundle, rows[half:])))
