"""Parts the houses that can be scored from those that cannot."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import domain
from housing_grpc.houses.encode_record import Column
from housing_grpc.houses.row_summary import RowSummary, summarize


class Partition(msgspec.Struct, frozen=True):  # Made for every call, as its summary is.
    """Some houses of a request.

    Attributes:
        count: How many there are.
        rows: Those that can be scored.
        places: Where each of these stands among all.
        errors: Why each other cannot be scored, by its place.
        summary: What the rows hold.
    """

    count: int
    rows: Rows
    places: Sequence[int]
    errors: dict[int, ServingError]
    summary: RowSummary

    def spread(self, numbers: Column) -> Column:
        """Returns numbers of the houses that can be scored for all, NaN where one cannot.

        Args:
            numbers: Shape (rows, ...), or one for all.
        """
        if not self.errors or isinstance(numbers, float):
            return numbers
        spread = np.full((self.count, *numbers.shape[1:]), np.nan)
        spread[self.places] = numbers
        return spread


def partition(rows: Rows, ranges: Ranges, path: Callable[[int], str]) -> Partition:
    """Parts houses.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
        ranges: Of the model that is asked.
        path: Returns where a row stands in the request, such as "items[3]".
    """
    count, summary = len(rows), summarize(rows, ranges)
    if not summary.refused_rows:
        return Partition(count, rows, range(count), {}, summary)
    errors = domain.errors(rows, path)
    places = [place for place in range(count) if place not in errors]
    rows = rows[places]
    return Partition(count, rows, places, errors, summarize(rows, ranges))
