"""What a training learns besides the model: how unusual a house is, and how far prices are off."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from ..data.dataset import Dataset
from . import intervals, known_houses, slice_scores
from .intervals import Intervals
from .known_houses import KnownHouses
from .slice_scores import Slice

STEPS = intervals.STEPS
"""How many steps `learn` announces."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Uncertainty:
    """What a bundle says of its prices.

    Attributes:
        known: What a row is held against.
        intervals: What bounds of prices are made of.
        slices: How far prices are off for parts of the houses.
    """

    known: KnownHouses
    intervals: Intervals
    slices: tuple[Slice, ...]

    @property
    def metrics(self) -> dict[str, float]:
        """Its figures, as MLflow gets them."""
        return {**self.intervals.metrics, **slice_scores.metrics(self.slices)}


def learn(
    pipeline: Pipeline,
    dataset: Dataset,
    *,
    keep_rows: bool = True,
    seed: int,
    step: Callable[[str], None] = lambda _: None,
) -> Uncertainty:
    """Return what is to be said of a pipeline's prices.

    Args:
        pipeline: Fitted to all rows.
        dataset: The rows.
        keep_rows: Whether the bundle may hold rows, or centres of them.
        seed: Decides all that is random.
        step: Called `STEPS` times, with what begins.
    """
    scaled = np.asarray(pipeline[:-1].transform(dataset.features), dtype=np.float64)
    known, distances = known_houses.learn(scaled, keep_rows=keep_rows, seed=seed)
    found = intervals.learn(pipeline, dataset, known, distances, seed=seed, step=step)
    return Uncertainty(
        known=known, intervals=found, slices=slice_scores.measure(dataset, found.held)
    )
