"""Asks a bundle and the pipeline it was made from for the same prices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.pipeline import Pipeline

from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.model import Bundle

from .onnx_session import OnnxSession
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


# NumPy walks trees slowly: it is asked for one row in so many.
_NUMPY_STEP = 20


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The ways in which prices come out of one bundle.

    Attributes:
        native: The evaluator in C, or None where it was not built.
        numpy: The same without it.
        onnx: What other programs get of it.
    """

    native: Bundle | None
    numpy: Bundle
    onnx: OnnxSession


def largest_gap(ways: Ways, pipeline: Pipeline, kinds: Mapping[str, Rows]) -> Gap:
    """Return the largest difference between the answers to any row.

    Args:
        ways: To ask the bundle that was made from the pipeline.
        pipeline: Fitted.
        kinds: Rows by kind, as `probes` makes them.

    Raises:
        ModelOutputError: The bundle gave a price that is not a finite number.
    """
    gaps = [Gap(size=_gap(ways, pipeline, rows), rows=kind) for kind, rows in kinds.items()]
    return max(gaps, key=lambda gap: np.inf if np.isnan(gap.size) else gap.size)


def _gap(ways: Ways, pipeline: Pipeline, rows: Rows) -> float:
    expected, some = reference(pipeline, rows), slice(None, None, _NUMPY_STEP)
    gaps = [ways.onnx.predict(rows) - expected, ways.numpy.predict(rows[some]) - expected[some]]
    if ways.native is not None:
        gaps.append(ways.native.predict(rows) - expected)
    return float(np.abs(np.concatenate(gaps)).max())
