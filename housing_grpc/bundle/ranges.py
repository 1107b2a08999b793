"""The training range of each feature."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .metadata import Metadata
from .schema import FEATURE_NAMES


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """Smallest and largest training value of each feature, both of shape (features,)."""

    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]

    @classmethod
    def of(cls, metadata: Metadata) -> "Ranges":
        """Returns the ranges that a bundle was trained on."""
        return cls(
            minimum=np.array([feature.min for feature in metadata.features]),
            maximum=np.array([feature.max for feature in metadata.features]),
        )

    @cached_property
    def bounds(self) -> tuple[tuple[str, float, float], ...]:
        """Name, smallest and largest value of each feature, for one row at a time."""
        limits = zip(self.minimum.tolist(), self.maximum.tolist(), strict=True)
        return tuple((name, *both) for name, both in zip(FEATURE_NAMES, limits, strict=True))
