"""The answer to one chunk of a stream."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import nan

from housing.v1 import prediction_pb2 as pb

from . import decode
from .chunks import Chunk, from_bytes
from .errors import ServerFaultError
from .results import Prediction, RowError


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkScores:
    """The prices of the houses of one chunk.

    Attributes:
        start: Number of its first house in the whole job, from 0.
        model_version: Of the model that answered for every house of the chunk.
        timestamp: When it answered.
        prices: One a house, NaN where it was not scored; `numpy.asarray` takes
            it as it is.
        errors: Why each such house was not scored, by its place in the chunk.
        details: Predictions with their warnings, by place; in the rows form alone.
        out_of_range_rows: Houses with a value outside the training range.
        imputed_rows: Houses that missed a value.
    """

    start: int
    model_version: str
    timestamp: datetime
    prices: "array[float]"
    errors: Mapping[int, RowError]
    details: Mapping[int, Prediction]
    out_of_range_rows: int
    imputed_rows: int

    def results(self) -> Iterator[Prediction | RowError]:
        """Yields one result a house, in order."""
        for place, price in enumerate(self.prices):
            if price == price:  # noqa: PLR0124 - False for NaN alone
                yield self.details.get(place) or Prediction(
                    row=self.start + place,
                    price=price,
                    model_version=self.model_version,
                    timestamp=self.timestamp,
                )
            else:
                yield self.errors[place]


def decode_chunk(answer: pb.ChunkResult, chunk: Chunk) -> ChunkScores:
    """Returns the answer to a chunk.

    Raises:
        ServerFaultError: It is not an answer to that chunk.
    """
    if answer.WhichOneof("payload") == "prices":
        return _of_matrix(answer, chunk)
    return _of_rows(answer, chunk)


def _of_matrix(answer: pb.ChunkResult, chunk: Chunk) -> ChunkScores:
    vector = answer.prices
    # What was wrong before it was sent says more than that the house came empty.
    errors = {
        each.row: decode.row_error(each.error, chunk.start + each.row, each.row)
        for each in vector.errors
        if each.row not in chunk.faults
    }
    prices = from_bytes(vector.values)
    _check_count(len(prices), chunk)
    return ChunkScores(
        start=chunk.start,
        model_version=answer.model_version,
        timestamp=decode.moment(answer.timestamp),
        prices=prices,
        errors={**errors, **chunk.faults},
        details={},
        out_of_range_rows=vector.out_of_range_rows,
        imputed_rows=vector.imputed_rows,
    )


def _of_rows(answer: pb.ChunkResult, chunk: Chunk) -> ChunkScores:
    at, version = decode.moment(answer.timestamp), answer.model_version
    errors: dict[int, RowError] = dict(chunk.faults)
    details: dict[int, Prediction] = {}
    prices = array("d")
    for place, item in enumerate(answer.rows.items):
        found = decode.row_result(item, chunk.start + place, place, version, at)
        if isinstance(found, Prediction):
            details[place] = found
            prices.append(found.price)
        else:
            errors.setdefault(place, found)
            prices.append(nan)
    _check_count(len(prices), chunk)
    return ChunkScores(
        start=chunk.start,
        model_version=version,
        timestamp=at,
        prices=prices,
        errors=errors,
        details=details,
        out_of_range_rows=sum(bool(each.range_warnings) for each in details.values()),
        imputed_rows=sum(bool(each.imputed_features) for each in details.values()),
    )


def _check_count(count: int, chunk: Chunk) -> None:
    if count != chunk.count:
        raise ServerFaultError(
            f"the server answered {count} prices for the {chunk.count} houses from {chunk.start}",
            reason="ANSWER_MISMATCH",
        )
