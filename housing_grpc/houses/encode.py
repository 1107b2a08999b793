"""From arrays to the wire: prices."""

import math
import time
from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc.base import status
from housing_grpc.bundle.arrays import Prices
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.partition import Partition

# A RowResult in RowResults that has only a price: tag and length, tag and price.
_PLAIN_HEAD = pb.RowResults(items=[pb.RowResult(prediction=0)]).SerializeToString()[:3]
_PLAIN = np.array((_PLAIN_HEAD, 0.0), dtype=[("head", "S3"), ("price", "<f8")])
_PLAIN_BYTES = _PLAIN.itemsize
_NANOS = 1_000_000_000
_BITS = 1 << np.arange(len(FEATURE_NAMES), dtype="<u2")


def encode_prediction(
    house: Partition, price: float, ranges: Ranges, model_version: str
) -> pb.PredictResponse:
    """Returns the answer for one house.

    Args:
        house: The house alone, which can be scored.
        price: In the target's unit.
        ranges: Of the model that answered.
        model_version: Of the model that answered.
    """
    response = pb.PredictResponse(prediction=price, model_version=model_version)
    response.timestamp.seconds, response.timestamp.nanos = divmod(time.time_ns(), _NANOS)
    if house.summary.is_remarkable:
        _annotate(response, house.rows[0].tolist(), ranges)
    return response


def encode_results(houses: Partition, prices: Prices, ranges: Ranges) -> bytes:
    """Returns one result a house, in the order of the request, as the bytes of RowResults.

    Args:
        houses: All houses of the request, or of a part of it.
        prices: Of those that were scored, shape (n,), in the target's unit.
        ranges: Of the model that answered.
    """
    plain = np.full(houses.count, _PLAIN)
    plain["price"] = _spread(houses, prices)
    data, done = memoryview(plain.tobytes()), 0
    parts: list[bytes | memoryview] = []
    for place, result in _remarkable(houses, prices, ranges):
        parts += [data[done : place * _PLAIN_BYTES], result.SerializeToString()]
        done = (place + 1) * _PLAIN_BYTES
    return b"".join((*parts, data[done:]))


def encode_prices(
    houses: Partition, prices: Prices, ranges: Ranges, start: int = 0
) -> pb.PriceVector:
    """Returns one number a house, and which features are to be reported of it.

    Args:
        houses: All houses of the chunk, or of a part of it.
        prices: Of those that were scored, shape (n,), in the target's unit.
        ranges: Of the model that answered.
        start: Where that part starts in the chunk.
    """
    rows, summary = houses.rows, houses.summary
    outside = missing = b""
    if summary.outside_rows:
        outside = _marks(houses, (rows < ranges.minimum) | (rows > ranges.maximum))
    if summary.missing_rows:
        missing = _marks(houses, np.isnan(rows))
    return pb.PriceVector(
        values=_spread(houses, prices).astype("<f8", copy=False).tobytes(),
        errors=[
            pb.RowError(row=start + place, error=status.to_proto(error))
            for place, error in houses.errors.items()
        ],
        out_of_range_rows=summary.outside_rows,
        imputed_rows=summary.missing_rows,
        out_of_range=outside,
        imputed=missing,
    )


def join_prices(parts: Sequence[pb.PriceVector]) -> pb.PriceVector:
    """Returns the numbers of a chunk, of those of its parts in order."""
    if len(parts) == 1:
        return parts[0]
    return pb.PriceVector(
        values=b"".join(part.values for part in parts),
        errors=[error for part in parts for error in part.errors],
        out_of_range_rows=sum(part.out_of_range_rows for part in parts),
        imputed_rows=sum(part.imputed_rows for part in parts),
        out_of_range=_join_marks([(part.out_of_range, part.values) for part in parts]),
        imputed=_join_marks([(part.imputed, part.values) for part in parts]),
    )


def _join_marks(parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    if not any(marks for marks, _ in parts):
        return b""
    # Two bytes a house, where a price has eight.
    return b"".join(marks or bytes(len(values) // 4) for marks, values in parts)


def timestamp() -> Timestamp:
    """Returns the time now."""
    seconds, nanos = divmod(time.time_ns(), _NANOS)
    return Timestamp(seconds=seconds, nanos=nanos)


def _marks(houses: Partition, marked: NDArray[np.bool_]) -> bytes:
    """Returns a number for every house, with a bit for each feature that is marked."""
    bits = (marked @ _BITS).astype("<u2", copy=False)
    if houses.errors:
        scored, bits = bits, np.zeros(houses.count, dtype="<u2")
        bits[houses.places] = scored
    return bits.tobytes()


def _spread(houses: Partition, prices: Prices) -> Prices:
    """Returns a price for every house, NaN where it was not scored."""
    if not houses.errors:
        return prices
    spread = np.full(houses.count, np.nan)
    spread[houses.places] = prices
    return spread


def _remarkable(
    houses: Partition, prices: Prices, ranges: Ranges
) -> Iterator[tuple[int, pb.RowResults]]:
    """Returns the results that say more than a price, each alone, and their places, in order."""
    found, rows = dict.fromkeys(houses.errors), houses.rows
    if houses.summary.is_remarkable:
        usual = ((rows >= ranges.minimum) & (rows <= ranges.maximum)).all(axis=1)
        found |= {houses.places[row]: row for row in np.flatnonzero(~usual).tolist()}
    for place in sorted(found):
        row, results = found[place], pb.RowResults()
        if row is None:
            results.items.add(error=status.to_proto(houses.errors[place]))
        else:
            _annotate(results.items.add(prediction=prices[row]), rows[row].tolist(), ranges)
        yield place, results


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
