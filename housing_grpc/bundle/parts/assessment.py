"""How sure prices are, and how unusual their houses."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import Prices, Vector

UNLIKE_TRAINING = 0.01
"""A p-value below this says that a house is unlike the training ones."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Assessment:
    """What is known of each price of some rows.

    Attributes:
        level: Share of prices of houses like the training ones that are within their bounds.
        lower: Shape (n,), in the target's unit, not below 0; NaN where the bundle has no
            intervals, or too few scores for the level.
        upper: The same, without an upper limit.
        p_value: Shape (n,); the share of known houses that are at least as far from the others.
        distance: Shape (n,), to the nearest known house, in normal scores.
        odd: Of a row's place: the features that set it apart from the nearest known house, the
            oddest first. Computed when called, and meant for those that are extrapolated.
    """

    level: float
    lower: Prices
    upper: Prices
    p_value: Vector
    distance: Vector
    odd: Callable[[int], tuple[str, ...]] = field(repr=False)

    @property
    def has_bounds(self) -> bool:
        """Whether there are lower and upper bounds; if not, all of them are NaN."""
        return len(self.lower) > 0 and not np.isnan(self.lower[0])

    @property
    def extrapolated(self) -> NDArray[np.bool_]:
        """Which houses are so unlike the training ones that the level does not hold for them."""
        return self.p_value < UNLIKE_TRAINING
