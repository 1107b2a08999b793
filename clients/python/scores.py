"""The answer to one chunk of a stream."""

import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from math import nan

from housing.v1 import prediction_pb2 as pb

from . import decode
from .asked import NOTHING, Asked
from .chunks import Chunk, Kept, from_bytes
from .errors import ServerFaultError
from .house import FEATURES
from .remarks import Numbers, numbers_of, numbers_of_rows
from .results import Prediction, RowError

# Features by the place of the house in its chunk; a house that has none is not there.
Marks = Mapping[int, tuple[str, ...]]


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
        out_of_range_rows: How many houses have a value outside the training range.
        imputed_rows: How many houses missed a value.
        out_of_range: Which features of which houses have such a value; None from a server that
            is too old to say it.
        imputed: Which features of which houses were missing and filled in; likewise.
        beside: Intervals, p-values and contributions as numbers, where they were asked for.
        kept: What is handed on of each house; empty if nothing is.
    """

    start: int
    model_version: str
    timestamp: datetime
    prices: "array[float]"
    errors: Mapping[int, RowError]
    details: Mapping[int, Prediction]
    out_of_range_rows: int
    imputed_rows: int
    out_of_range: Marks | None
    imputed: Marks | None
    beside: Numbers
    kept: Sequence[Kept] = ()

    @property
    def lower(self) -> Sequence[float] | None:
        """Lower ends of the intervals, one a house, NaN where there is none; None without them."""
        return self.beside.lower

    @property
    def upper(self) -> Sequence[float] | None:
        """Upper ends; likewise."""
        return self.beside.upper

    @property
    def p_value(self) -> Sequence[float] | None:
        """How unusual each house is; likewise."""
        return self.beside.p_value

    @property
    def contributions(self) -> Sequence[float] | None:
        """What each feature adds, 13 a house, in the order of `FEATURES`; likewise."""
        return self.beside.contributions

    @property
    def base(self) -> float:
        """What all contributions start from, in the target's unit; NaN without them."""
        return self.beside.base

    def results(self) -> Iterator[Prediction | RowError]:
        """Yields one result a house, in order."""
        for place, price in enumerate(self.prices):
            if price == price:  # noqa: PLR0124 - False for NaN alone
                found = self.details.get(place) or Prediction(
                    row=self.start + place,
                    price=price,
                    model_version=self.model_version,
                    timestamp=self.timestamp,
                    out_of_range_features=_at(self.out_of_range, place),
                    imputed_features=_at(self.imputed, place),
                    interval=self.beside.interval(place),
                    applicability=self.beside.applicability(place),
                    explanation=self.beside.explanation(place, _at(self.imputed, place) or ()),
                )
                yield replace(found, kept=self.kept[place]) if self.kept else found
            else:
                error = self.errors[place]
                yield replace(error, kept=self.kept[place]) if self.kept else error


def decode_chunk(answer: pb.ChunkResult, chunk: Chunk, asked: Asked = NOTHING) -> ChunkScores:
    """Returns the answer to a chunk.

    Args:
        answer: As it came over the wire.
        chunk: What was sent.
        asked: What was asked for beside prices.

    Raises:
        ServerFaultError: It is not an answer to that chunk.
    """
    if answer.WhichOneof("payload") == "prices":
        return _of_matrix(answer, chunk, asked)
    return _of_rows(answer, chunk)


def _of_matrix(answer: pb.ChunkResult, chunk: Chunk, asked: Asked) -> ChunkScores:
    vector = answer.prices
    # What was wrong before it was sent says more than that the house came empty.
    errors = {
        each.row: decode.row_error(each.error, chunk.start + each.row, each.row)
        for each in vector.errors
        if each.row not in chunk.faults
    }
    prices = from_bytes(vector.values)
    beside = numbers_of(vector, asked)
    for count in (len(prices), *beside.counts()):
        _check_count(count, chunk)
    return ChunkScores(
        start=chunk.start,
        model_version=answer.model_version,
        timestamp=decode.moment(answer.timestamp),
        prices=prices,
        errors={**errors, **chunk.faults},
        details={},
        out_of_range_rows=vector.out_of_range_rows,
        imputed_rows=vector.imputed_rows,
        out_of_range=_marks(vector.out_of_range, vector.out_of_range_rows),
        imputed=_marks(vector.imputed, vector.imputed_rows),
        beside=beside,
        kept=chunk.kept,
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
    scored = details.items()
    outside = {row: names for row, each in scored if (names := each.out_of_range_features)}
    missing = {row: names for row, each in scored if (names := each.imputed_features)}
    return ChunkScores(
        start=chunk.start,
        model_version=version,
        timestamp=at,
        prices=prices,
        errors=errors,
        details=details,
        out_of_range_rows=len(outside),
        imputed_rows=len(missing),
        out_of_range=outside,
        imputed=missing,
        beside=numbers_of_rows(details, len(prices)),
        kept=chunk.kept,
    )


def _marks(data: bytes, rows: int) -> Marks | None:
    """Returns what two bytes a house say, or None if an older server only counted the rows."""
    if not data:
        return None if rows else {}
    marks = array("H")
    marks.frombytes(data)
    if sys.byteorder == "big":
        marks.byteswap()
    return {place: _features(mark) for place, mark in enumerate(marks) if mark}


@cache
def _features(mark: int) -> tuple[str, ...]:
    return tuple(name for bit, name in enumerate(FEATURES) if mark >> bit & 1)


def _at(marks: Marks | None, place: int) -> tuple[str, ...] | None:
    return None if marks is None else marks.get(place, ())


def _check_count(count: float, chunk: Chunk) -> None:
    if count != chunk.count:
        raise ServerFaultError(
            f"the server answered {count:g} prices for the {chunk.count} houses from row "
            f"{chunk.start + 1} on",
            reason="ANSWER_MISMATCH",
        )
