"""The arrays that rows and prices come in."""

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
"""Houses: shape (n, features) in the order of FEATURES, NaN where a value is missing."""

Prices = NDArray[np.float64]
"""Shape (n,), in the target's unit."""

Vector = NDArray[np.float64]
"""One number a feature, or a list of numbers."""

Counts = NDArray[np.int64]
"""Whole numbers: counts, or indices."""

PlainNumbers = tuple[float, float, float, float, float]
"""Of one row: price, lower and upper bound, p-value, distance; all but the price may be NaN."""

PlainAnswer = tuple[PlainNumbers, bool]
"""The same, and whether a value of the row is missing or outside of the training range."""
