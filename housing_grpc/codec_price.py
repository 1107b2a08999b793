"""From arrays to the wire: prices."""

import math
import time
from collections.abc import Sequence

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc import status
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.errors import ServingError

Rows = NDArray[np.float64]


def encode_prediction(
    values: Sequence[float], price: float, ranges: Ranges, model_version: str
) -> pb.PredictResponse:
    """Returns the answer for one house.

    Args:
        values: One for each feature, NaN where it was missing.
        price: In the target's unit.
        ranges: Of the model that answered.
        model_version: Of the model that answered.
    """
    response = pb.PredictResponse(
        prediction=price, model_version=model_version, timestamp=timestamp()
    )
    _annotate(response, values, ranges)
    return response


def encode_results(
    *,
    count: int,
    rows: Rows,
    positions: Sequence[int],
    prices: Rows,
    errors: dict[int, ServingError],
    ranges: Ranges,
) -> list[pb.RowResult]:
    """Returns one result a house, in the order of the request.

    Args:
        count: How many houses there were.
        rows: Those that were scored, shape (n, features).
        positions: Where each scored row stands among the houses.
        prices: Shape (n,), in the target's unit.
        errors: Why each other house was not scored, by position.
        ranges: Of the model that answered.
    """
    results = [pb.RowResult() for _ in range(count)]
    for position, price in zip(positions, prices.tolist(), strict=True):
        results[position].prediction = price
    remarkable = np.isnan(rows) | (rows < ranges.minimum) | (rows > ranges.maximum)
    for place in np.flatnonzero(remarkable.any(axis=1)).tolist():
        _annotate(results[positions[place]], rows[place].tolist(), ranges)
    for position, error in errors.items():
        results[position].error.CopyFrom(status.to_proto(error))
    return results


def encode_prices(
    rows: Rows, prices: Rows, errors: dict[int, ServingError], ranges: Ranges
) -> pb.PriceVector:
    """Returns one number a house.

    Args:
        rows: All houses of the chunk, shape (n, features).
        prices: Shape (n,), NaN where a house was not scored.
        errors: Why each such house was not scored, by its place.
        ranges: Of the model that answered.
    """
    scored = ~np.isnan(prices)
    outside = (rows < ranges.minimum) | (rows > ranges.maximum)
    missing = np.isnan(rows)
    return pb.PriceVector(
        values=prices.astype("<f8", copy=False).tobytes(),
        errors=[
            pb.RowError(row=place, error=status.to_proto(error)) for place, error in errors.items()
        ],
        out_of_range_rows=_count(outside, scored),
        imputed_rows=_count(missing, scored),
    )


def timestamp() -> Timestamp:
    """Returns the time now."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def _count(marks: NDArray[np.bool_], scored: NDArray[np.bool_]) -> int:
    # By row only if there is one at all: that is much the slower question.
    return int((marks.any(axis=1) & scored).sum()) if marks.any() else 0


def _annotate(
    answer: pb.PredictResponse | pb.RowResult, values: Sequence[float], ranges: Ranges
) -> None:
    for value, (name, low, high) in zip(values, ranges.bounds, strict=True):
        if low <= value <= high:
            continue
        if math.isnan(value):
            answer.imputed_features.append(name)
            continue
        answer.warnings.append(
            f"Feature '{name}' value {value:g} is outside training range [{low:g}, {high:g}]"
        )
        answer.range_warnings.add(feature=name, value=value, min=low, max=high)
