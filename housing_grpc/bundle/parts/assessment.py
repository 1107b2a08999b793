"""How sure prices are, and how unusual their houses."""

import math
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..arrays import Prices, Rows, Vector

UNLIKE_TRAINING = 0.01
"""A p-value below this says that a house is unlike the training ones."""


class Assessment(msgspec.Struct, frozen=True, eq=False, gc=False):  # Made for every call.
    """What is known of each price of some rows.

    Attributes:
        level: Share of prices of houses like the training ones that are within their bounds.
        numbers: Shape (4, n): `lower`, `upper`, `p_value` and `distance`.
        rows: Shape (n, features).
        odd_features: Returns what sets each of some rows, shape (n, features), apart.
        named: What was asked of it, by row.
    """

    level: float
    numbers: Rows
    rows: Rows
    odd_features: Callable[[Rows], list[tuple[str, ...]]]
    named: dict[int, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def odd(self, row: int) -> tuple[str, ...]:
        """Returns the features that set a row apart from the nearest known house.

        The oddest is the first. Meant for those that are extrapolated, which are all looked at
        with the first of them: one by one they would take a hundred times as long.

        Args:
            row: Its place.
        """
        if row not in self.named:
            # guard: odd houses are looked at together
            places = np.union1d(np.flatnonzero(self.extrapolated), row)
            found = self.odd_features(self.rows[places])
            self.named.update(zip(places.tolist(), found, strict=True))
        return self.named[row]

    @property
    def lower(self) -> Prices:
        """Shape (n,), in the target's unit; below 0 only if the price is. NaN where there is none.

        That is where the bundle has no intervals, or too few scores for the level: then all are.
        """
        found: Vector = self.numbers[0]
        return found

    @property
    def upper(self) -> Prices:
        """The same, without an upper limit."""
        found: Vector = self.numbers[1]
        return found

    @property
    def p_value(self) -> Vector:
        """Shape (n,); the share of known houses that are at least as far from the others."""
        found: Vector = self.numbers[2]
        return found

    @property
    def distance(self) -> Vector:
        """Shape (n,), to the nearest known house, in normal scores."""
        found: Vector = self.numbers[3]
        return found

    @property
    def has_bounds(self) -> bool:
        """Whether there are lower and upper bounds."""
        return self.numbers.shape[1] > 0 and not math.isnan(self.numbers[0, 0])

    @property
    def extrapolated(self) -> NDArray[np.bool_]:
        """Which houses are so unlike the training ones that the level does not hold for them."""
        found: NDArray[np.bool_] = self.numbers[2] < UNLIKE_TRAINING
        return found
