"""How numbers are spread: what a histogram is made of."""

from collections.abc import Sequence

import numpy as np

from housing_grpc.bundle.arrays import Vector
from housing_grpc.metrics.state import Series


class Distribution:
    """Counts numbers by their size; whoever adds holds a lock.

    Args:
        bounds: Upper ends of the buckets, in rising order, without infinity.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = np.array(bounds)
        self._counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self._sum = 0.0

    def add(self, numbers: Vector) -> None:
        """Counts numbers, shape (n,)."""
        places = np.searchsorted(self._bounds, numbers)
        self._counts += np.bincount(places, minlength=len(self._counts))
        self._sum += float(numbers.sum())

    def series(self) -> Series:
        """Returns the counts, not cumulative, then the sum."""
        return {(): [*map(float, self._counts.tolist()), self._sum]}
