"""What rows hold that has to be reported or counted, found in one pass."""

import msgspec
import numpy as np

from housing_grpc.bundle import extension
from housing_grpc.bundle.arrays import Counts, Rows
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import domain

_TOTALS = 3


class RowSummary(msgspec.Struct, frozen=True):  # Made for every call: quicker than a dataclass.
    """What some rows hold.

    Attributes:
        refused_rows: How many cannot be scored.
        outside_rows: How many have a value outside the training range.
        missing_rows: How many miss a value.
        by_feature: Values outside the training range, by feature; then missing ones.
    """

    refused_rows: int
    outside_rows: int
    missing_rows: int
    by_feature: Counts

    @property
    def outside(self) -> Counts:
        """Values outside the training range, by feature."""
        return self.by_feature[: len(self.by_feature) // 2]

    @property
    def missing(self) -> Counts:
        """Missing values, by feature."""
        return self.by_feature[len(self.by_feature) // 2 :]

    @property
    def is_remarkable(self) -> bool:
        """Whether there is more to say of a row than its price."""
        return self.outside_rows > 0 or self.missing_rows > 0


def summarize(rows: Rows, ranges: Ranges) -> RowSummary:
    """Looks at every value once.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
        ranges: Of the model that is asked.
    """
    counts = np.zeros(_TOTALS + 2 * len(ranges.minimum), dtype=np.int64)
    if extension.summarize is None:
        _count(rows, ranges, counts)
    else:
        extension.summarize(
            extension.readable(rows), ranges.minimum, ranges.maximum, domain.DOMAIN, counts
        )
    refused, outside, missing = counts[:_TOTALS].tolist()
    return RowSummary(refused, outside, missing, counts[_TOTALS:])


def _count(rows: Rows, ranges: Ranges, counts: Counts) -> None:
    outside, missing = (rows < ranges.minimum) | (rows > ranges.maximum), np.isnan(rows)
    refused = domain.outside(rows)
    marks = (refused, outside.any(axis=1), missing.any(axis=1), *outside.T, *missing.T)
    counts += [np.count_nonzero(each) for each in marks]
