"""Asks a bundle and the pipeline it was made from for the same prices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from housing_grpc.bundle.model import Bundle

from ..data.dataset import Dataset
from .probes import probes
from .reference import reference


@dataclass(frozen=True, kw_only=True)
class Gap:
    """The largest difference found.

    Attributes:
        size: In the target's unit; NaN if an answer was NaN.
        rows: The kind of rows it was found on.
    """

    size: float
    rows: str


def largest_gap(bundles: Sequence[Bundle], pipeline: Pipeline, training: Dataset) -> Gap:
    """Return the largest difference between the answers to any row of `probes`.

    Args:
        bundles: Made from the pipeline, one for each way to predict.
        pipeline: Fitted.
        training: The rows it was fitted to.

    Raises:
        ModelOutputError: The bundle gave a price that is not a finite number.
    """
    kinds = probes(training.features.to_numpy())
    gaps = [Gap(size=_gap(bundles, pipeline, rows), rows=kind) for kind, rows in kinds.items()]
    return max(gaps, key=lambda gap: np.inf if np.isnan(gap.size) else gap.size)


def _gap(bundles: Sequence[Bundle], pipeline: Pipeline, rows: NDArray[np.float64]) -> float:
    expected = reference(pipeline, rows)
    answers = np.array([bundle.predict(rows) for bundle in bundles])
    return float(np.abs(answers - expected).max())
