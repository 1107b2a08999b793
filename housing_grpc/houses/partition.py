"""Parts the houses that can be scored from those that cannot, whatever form they came in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import decode, validation
from housing_grpc.houses.decode import Rows
from housing_grpc.houses.row_summary import Survey, survey


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """Some houses of a request.

    Attributes:
        count: How many there are.
        rows: Those that can be scored, shape (n, features), NaN where a value is missing.
        places: Where each of these stands among all.
        errors: Why each other cannot be scored, by its place.
        seen: What the rows hold that has to be told.
    """

    count: int
    rows: Rows
    places: Sequence[int]
    errors: dict[int, ServingError]
    seen: Survey


def sift(houses: Sequence[pb.House] | Rows, ranges: Ranges, start: int = 0) -> Sifted:
    """Sifts houses.

    Args:
        houses: Messages, or rows of shape (n, features), NaN where a value is missing.
        ranges: Of the model that is asked.
        start: Where they start among the houses of the request.
    """
    if isinstance(houses, np.ndarray):
        return _rows(houses, ranges, start)
    rows, places, errors = decode.decode_houses(houses, start)
    seen = survey(rows, ranges)
    return Sifted(count=len(houses), rows=rows, places=places, errors=errors, seen=seen)


def _rows(rows: Rows, ranges: Ranges, start: int) -> Sifted:
    count, seen = len(rows), survey(rows, ranges)
    places: Sequence[int] = range(count)
    errors: dict[int, ServingError] = {}
    if seen.refused_rows:
        errors = validation.faulty_rows(rows, start)
        places = [place for place in places if place not in errors]
        rows = rows[places]
        seen = survey(rows, ranges)
    return Sifted(count=count, rows=rows, places=places, errors=errors, seen=seen)
