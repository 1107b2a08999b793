"""Prices whose true ones are known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Labels:
    """Prices of one model and the true ones, in the order of recording; each of shape (n,).

    Attributes:
        price: What was predicted, in the target's unit.
        actual: The true price.
        lower: Lower end of the price's interval, NaN if it had none.
        upper: Upper end of it.
        level: Share of prices that it was to hold, NaN if there was none.
    """

    price: NDArray[np.float64]
    actual: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    level: NDArray[np.float64]
