"""From arrays to the wire: prices."""

import math
import struct
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc.base import status
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.houses import wire
from housing_grpc.houses.partition import Sifted

Rows = NDArray[np.float64]

# A RowResult in RowResults that has only a price: tag and length, tag and price.
_PLAIN_HEAD = pb.RowResults(items=[pb.RowResult(prediction=0)]).SerializeToString()[:3]
_PLAIN = np.array((_PLAIN_HEAD, 0.0), dtype=[("head", "S3"), ("price", "<f8")])
_PLAIN_BYTES = _PLAIN.itemsize

_fields = pb.PredictResponse.DESCRIPTOR.fields_by_name
_PRICE = wire.tag(_fields["prediction"].number, wire.FIXED64)
_TIMESTAMP = wire.tag(_fields["timestamp"].number, wire.LENGTH_DELIMITED)
_price = struct.Struct("<Bd").pack


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


def encode_price(price: float, model_version: str) -> bytes:
    """Returns the bytes of the answer for a house of which there is no more to say than its price.

    Args:
        price: In the target's unit.
        model_version: Of the model that answered.
    """
    now = timestamp().SerializeToString()
    head = bytes((_TIMESTAMP, len(now)))
    return b"".join((_price(_PRICE, price), _version(model_version), head, now))


@lru_cache(maxsize=8)
def _version(model_version: str) -> bytes:
    return pb.PredictResponse(model_version=model_version).SerializeToString()


def encode_results(sifted: Sifted, prices: Rows, ranges: Ranges) -> bytes:
    """Returns one result a house, in the order of the request, as the bytes of RowResults.

    Args:
        sifted: The houses.
        prices: Of those that were scored, shape (n,), in the target's unit.
        ranges: Of the model that answered.
    """
    plain = np.full(sifted.count, _PLAIN)
    plain["price"] = _spread(sifted, prices)
    data, done = memoryview(plain.tobytes()), 0
    parts: list[bytes | memoryview] = []
    for place, result in _remarkable(sifted, prices, ranges):
        parts += [data[done : place * _PLAIN_BYTES], result.SerializeToString()]
        done = (place + 1) * _PLAIN_BYTES
    return b"".join((*parts, data[done:]))


def encode_prices(sifted: Sifted, prices: Rows) -> pb.PriceVector:
    """Returns one number a house.

    Args:
        sifted: All houses of the chunk.
        prices: Of those that were scored, shape (n,), in the target's unit.
    """
    return pb.PriceVector(
        values=_spread(sifted, prices).astype("<f8", copy=False).tobytes(),
        errors=[
            pb.RowError(row=place, error=status.to_proto(error))
            for place, error in sifted.errors.items()
        ],
        out_of_range_rows=sifted.seen.outside_rows,
        imputed_rows=sifted.seen.missing_rows,
    )


def timestamp() -> Timestamp:
    """Returns the time now."""
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    return Timestamp(seconds=seconds, nanos=nanos)


def _spread(sifted: Sifted, prices: Rows) -> Rows:
    """Returns a price for every house, NaN where it was not scored."""
    if not sifted.errors:
        return prices
    spread = np.full(sifted.count, np.nan)
    spread[sifted.places] = prices
    return spread


def _remarkable(
    sifted: Sifted, prices: Rows, ranges: Ranges
) -> Iterator[tuple[int, pb.RowResults]]:
    """Returns the results that say more than a price, each alone, and their places, in order."""
    found, rows = dict.fromkeys(sifted.errors), sifted.rows
    if sifted.seen.outside_rows or sifted.seen.missing_rows:
        usual = ((rows >= ranges.minimum) & (rows <= ranges.maximum)).all(axis=1)
        found |= {sifted.places[row]: row for row in np.flatnonzero(~usual).tolist()}
    for place in sorted(found):
        row, results = found[place], pb.RowResults()
        if row is None:
            results.items.add(error=status.to_proto(sifted.errors[place]))
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
