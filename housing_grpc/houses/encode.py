"""From arrays to the wire: prices, and what is told beside them."""

from collections.abc import Iterator, Sequence

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp
from housing.v1 import prediction_pb2 as pb
from numpy.typing import NDArray

from housing_grpc.base import status
from housing_grpc.bundle.arrays import PlainNumbers, Rows
from housing_grpc.bundle.parts.assessment import UNLIKE_TRAINING
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import encode_details, encode_numbers
from housing_grpc.houses.encode_record import Texts
from housing_grpc.houses.row_validation import Partition
from housing_grpc.houses.scored import Scored

_NANOS = 1_000_000_000
_BITS = 1 << np.arange(len(FEATURE_NAMES), dtype="<u2")


def encode_prediction(
    house: Partition,
    scored: Scored,
    ranges: Ranges,
    model_version: str,
    at: int,
    *,
    receipt: str = "",
) -> bytes:
    """Returns the answer for one house, as the bytes of a PredictResponse.

    Args:
        house: The house alone, which can be scored.
        scored: Of this house.
        ranges: Of the model that answered.
        model_version: Of the model that answered.
        at: When, in nanoseconds of Unix time.
        receipt: Of the price, if one was asked for.
    """
    response = pb.PredictResponse(
        prediction=scored.prices[0], model_version=model_version, receipt=receipt or None
    )
    response.timestamp.seconds, response.timestamp.nanos = divmod(at, _NANOS)
    if house.summary.is_remarkable:
        encode_details.add_ranges(response, house.rows[0].tolist(), ranges)
    if _is_plain(house, scored):
        return response.SerializeToString() + encode_numbers.details(scored)
    _tell(response, scored, 0)
    return response.SerializeToString()


def encode_plain(
    numbers: PlainNumbers,
    row: bytes,
    ranges: Ranges | None,
    model_version: str,
    at: int,
    *,
    receipt: str = "",
) -> bytes:
    """Returns the answer for a house that is like the training data.

    Args:
        numbers: What the model said of it.
        row: The house.
        ranges: Of the model that answered; None for a house whose values are all within.
        model_version: Of the model that answered.
        at: When, in nanoseconds of Unix time.
        receipt: Of the price, if one was asked for.
    """
    response = pb.PredictResponse(model_version=model_version, receipt=receipt or None)
    response.timestamp.seconds, response.timestamp.nanos = divmod(at, _NANOS)
    if ranges is not None:
        encode_details.add_ranges(response, np.frombuffer(row).tolist(), ranges)
    # Messages are joined by joining their bytes.
    return encode_numbers.answer(numbers) + response.SerializeToString()


def encode_results(
    houses: Partition, scored: Scored, ranges: Ranges, receipts: Sequence[str] = ()
) -> bytes:
    """Returns one result a house, in the order of the request, as the bytes of RowResults.

    Args:
        houses: All houses of the request, or of a part of it.
        scored: Of those that were scored.
        ranges: Of the model that answered.
        receipts: Of those that were scored, if they were asked for.
    """
    texts = _texts(houses, receipts) if receipts else None
    written, size = encode_numbers.results(houses.count, scored, houses.spread, texts)
    data, done = memoryview(written), 0
    parts: list[bytes | memoryview] = []
    for place, result in _remarkable(houses, scored, ranges, receipts):
        parts += [data[done : place * size], result.SerializeToString()]
        done = (place + 1) * size
    return b"".join((*parts, data[done:]))


def encode_prices(
    houses: Partition, scored: Scored, ranges: Ranges, start: int = 0
) -> pb.PriceVector:
    """Returns the numbers of houses, and which features are to be reported of each.

    Args:
        houses: All houses of the chunk, or of a part of it.
        scored: Of those that were scored.
        ranges: Of the model that answered.
        start: Where that part starts in the chunk.
    """
    rows, summary = houses.rows, houses.summary
    outside = missing = b""
    if summary.outside_rows:
        outside = _marks(houses, (rows < ranges.minimum) | (rows > ranges.maximum))
    if summary.missing_rows:
        missing = _marks(houses, np.isnan(rows))
    vector = pb.PriceVector(
        values=_bytes(houses, scored.prices),
        errors=[
            pb.RowError(row=start + place, error=status.to_proto(error))
            for place, error in houses.errors.items()
        ],
        out_of_range_rows=summary.outside_rows,
        imputed_rows=summary.missing_rows,
        out_of_range=outside,
        imputed=missing,
    )
    if scored.assessment is not None:
        ends = np.column_stack((scored.assessment.lower, scored.assessment.upper))
        ends[~np.isfinite(ends).all(axis=1)] = np.nan
        vector.intervals = _bytes(houses, ends)
        vector.applicability = _bytes(houses, scored.assessment.p_value)
    if scored.explanation is not None:
        vector.contributions = _bytes(houses, scored.explanation.amounts)
        vector.base = scored.explanation.base
    return vector


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
        intervals=b"".join(part.intervals for part in parts),
        applicability=b"".join(part.applicability for part in parts),
        contributions=b"".join(part.contributions for part in parts),
        base=parts[0].base,
    )


def _join_marks(parts: Sequence[tuple[bytes, bytes]]) -> bytes:
    if not any(marks for marks, _ in parts):
        return b""
    # Two bytes a house, where a price has eight.
    return b"".join(marks or bytes(len(values) // 4) for marks, values in parts)


def timestamp(at: int) -> Timestamp:
    """Returns a time, given in nanoseconds of Unix time."""
    seconds, nanos = divmod(at, _NANOS)
    return Timestamp(seconds=seconds, nanos=nanos)


def _marks(houses: Partition, marked: NDArray[np.bool_]) -> bytes:
    """Returns a number for every house, with a bit for each feature that is marked."""
    bits = (marked @ _BITS).astype("<u2", copy=False)
    if houses.errors:
        scored, bits = bits, np.zeros(houses.count, dtype="<u2")
        bits[houses.places] = scored
    return bits.tobytes()


def _bytes(houses: Partition, numbers: Rows) -> bytes:
    spread = np.asarray(houses.spread(numbers))
    return spread.astype("<f8", copy=False).tobytes()


def _texts(houses: Partition, receipts: Sequence[str]) -> Texts:
    """Returns a receipt for every house, an empty one where it was not scored."""
    found = np.frombuffer("".join(receipts).encode(), f"S{len(receipts[0])}")
    if not houses.errors:
        return found
    spread = np.zeros(houses.count, found.dtype)
    spread[houses.places] = found
    return spread


def _is_plain(house: Partition, scored: Scored) -> bool:
    """Returns whether there are but numbers to tell of one house beside its price."""
    if scored.explanation is not None and house.summary.missing_rows:
        return False
    assessment = scored.assessment
    if assessment is None:
        return True
    bounded = not assessment.has_bounds or np.isfinite(assessment.upper[0])
    return bool(bounded and assessment.p_value[0] >= UNLIKE_TRAINING)


def _tell(answer: encode_details.Answer, scored: Scored, row: int) -> None:
    if scored.assessment is not None:
        encode_details.add_assessment(answer, scored.assessment, row)
    if scored.explanation is not None:
        encode_details.add_explanation(answer, scored.explanation, row)


def _remarkable(
    houses: Partition, scored: Scored, ranges: Ranges, receipts: Sequence[str]
) -> Iterator[tuple[int, pb.RowResults]]:
    """Returns the results that say more than numbers, each alone, and their places, in order."""
    found, rows = dict.fromkeys(houses.errors), houses.rows
    if scored.assessment is not None:
        marked = scored.assessment.extrapolated
        if scored.assessment.has_bounds:
            marked = marked | ~np.isfinite(scored.assessment.upper)
        found |= {houses.places[row]: row for row in np.flatnonzero(marked).tolist()}
    if houses.summary.is_remarkable:
        usual = ((rows >= ranges.minimum) & (rows <= ranges.maximum)).all(axis=1)
        found |= {houses.places[row]: row for row in np.flatnonzero(~usual).tolist()}
    for place in sorted(found):
        row, results = found[place], pb.RowResults()
        if row is None:
            results.items.add(error=status.to_proto(houses.errors[place]))
        else:
            receipt = receipts[row] if receipts else None
            result = results.items.add(prediction=scored.prices[row], receipt=receipt)
            encode_details.add_ranges(result, rows[row].tolist(), ranges)
            _tell(result, scored, row)
        yield place, results
