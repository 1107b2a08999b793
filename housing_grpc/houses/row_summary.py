"""What rows hold that has to be told, found in one pass."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle import extension
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import validation

Rows = NDArray[np.float64]

_TOTALS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What some rows hold.

    Attributes:
        refused_rows: How many cannot be scored.
        outside_rows: How many have a value outside the training range.
        missing_rows: How many miss a value.
        outside: Values outside the training range, by feature.
        missing: Missing values, by feature.
    """

    refused_rows: int
    outside_rows: int
    missing_rows: int
    outside: NDArray[np.int64]
    missing: NDArray[np.int64]


def survey(rows: Rows, ranges: Ranges) -> Survey:
    """Looks at every value once.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
        ranges: Of the model that is asked.
    """
    counts = np.zeros(_TOTALS + 2 * len(ranges.minimum), dtype=np.int64)
    if extension.survey is None:
        _count(rows, ranges, counts)
    else:
        extension.survey(
            _contiguous(rows), ranges.minimum, ranges.maximum, validation.DOMAIN, counts
        )
    outside, missing = counts[_TOTALS:].reshape(2, -1)
    refused_rows, outside_rows, missing_rows = counts[:_TOTALS].tolist()
    return Survey(
        refused_rows=refused_rows,
        outside_rows=outside_rows,
        missing_rows=missing_rows,
        outside=outside,
        missing=missing,
    )


def _contiguous(rows: Rows) -> Rows:
    rows = np.ascontiguousarray(rows, dtype=np.float64)
    return rows if rows.flags.aligned else rows.copy()


def _count(rows: Rows, ranges: Ranges, counts: NDArray[np.int64]) -> None:
    outside, missing = (rows < ranges.minimum) | (rows > ranges.maximum), np.isnan(rows)
    refused = validation.refused(rows)
    marks = (refused, outside.any(axis=1), missing.any(axis=1), *outside.T, *missing.T)
    counts += [np.count_nonzero(each) for each in marks]
