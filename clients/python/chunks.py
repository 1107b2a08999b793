"""Houses in portions: what one message of a stream carries."""

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, TypeVar, get_args

from housing.v1 import prediction_pb2 as pb
from housing_table.columns import TARGET

from .errors import InvalidArgumentError
from .house import FEATURES, read, to_row
from .results import RowError

T = TypeVar("T")

Form = Literal["matrix", "rows"]

# Values that come with a house and go with its price.
Kept = tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """Houses as one block of numbers.

    Attributes:
        features: In the order of the values.
        values: Little-endian float64, house by house, NaN where one is missing.
    """

    features: tuple[str, ...]
    values: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What one message carries, and what was wrong before it was sent.

    Attributes:
        start: Number of its first house in the whole job, from 0.
        count: How many houses it has. One that cannot be sent is in the payload
            as an empty one, so that the places of the others stay.
        payload: The houses in one of the two forms.
        faults: What was wrong with the houses that cannot be sent, by place.
        kept: What is handed on of each house; empty if nothing is.
    """

    start: int
    count: int
    payload: Matrix | Sequence[pb.House]
    faults: Mapping[int, RowError]
    kept: Sequence[Kept] = ()

    def request(self, sequence: int, *, pin_model: bool) -> pb.PredictStreamRequest:
        """Returns the message."""
        if isinstance(self.payload, Matrix):
            matrix = pb.HouseMatrix(features=self.payload.features, values=self.payload.values)
            return pb.PredictStreamRequest(sequence=sequence, matrix=matrix, pin_model=pin_model)
        rows = pb.HouseRows(items=self.payload)
        return pb.PredictStreamRequest(sequence=sequence, rows=rows, pin_model=pin_model)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How houses are cut into chunks.

    Attributes:
        form: Of the messages.
        chunk_rows: Houses in a chunk.
        ignore: Names of columns that mean nothing, in lower case.
        skip: Houses to leave out at the start.
        keep: Names of columns or keys whose values are handed on.
        notes: Is told what was made of the columns, one line each.
    """

    form: Form = "matrix"
    chunk_rows: int = 1000
    ignore: Collection[str] = (TARGET.lower(),)
    skip: int = 0
    keep: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            raise ValueError(f"form is {self.form!r}, but must be 'matrix' or 'rows'")
        rows: Any = self.chunk_rows
        if not isinstance(rows, int) or rows < 1:
            raise ValueError(f"chunk_rows is {rows!r}, but must be 1 or more")

    def batches(
        self, rows: Iterable[T], read: Callable[[T], Any] | None = None
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yields rows by the chunk, each with the number of its first.

        Args:
            rows: All of them.
            read: Makes something else of each that is not left out.

        Raises:
            InvalidArgumentError: There are fewer than are to be left out.
        """
        rest, start = iter(rows), self.skip
        self.check_skipped(sum(1 for _ in islice(rest, self.skip)))
        found: Iterator[Any] = map(read, rest) if read else rest
        while batch := list(islice(found, self.chunk_rows)):
            yield start, batch
            start += len(batch)

    def check_skipped(self, count: int) -> None:
        """Checks how many rows there were to be left out.

        Raises:
            InvalidArgumentError: There were fewer.
        """
        if count < self.skip:
            raise InvalidArgumentError(
                f"there are {count} rows, but {self.skip} are done already; is it the same file?",
                reason="FEWER_ROWS",
            )

    def pack(self, start: int, houses: Sequence[Any], kept: Sequence[Kept] | None = None) -> Chunk:
        """Returns a chunk of houses.

        Args:
            start: Number of the first house.
            houses: What `read` takes, or the error of a house that could not be had.
            kept: What is handed on of each, if it is not in the houses themselves.
        """
        if kept is None:
            kept = [self.kept_of(house) for house in houses] if self.keep else ()
        faults: dict[int, RowError] = {}
        found = [
            self._read(house, start + place, place, faults) for place, house in enumerate(houses)
        ]
        if self.form == "rows":
            items = [pb.House(**each) for each in found]
            return Chunk(start=start, count=len(items), payload=items, faults=faults, kept=kept)
        values = array("d")
        for place, each in enumerate(found):
            try:
                values.extend(to_row(each))
            except InvalidArgumentError as error:
                faults[place] = row_error(start + place, error)
                values.extend(to_row({}))
        matrix = Matrix(features=FEATURES, values=to_bytes(values))
        return Chunk(start=start, count=len(found), payload=matrix, faults=faults, kept=kept)

    @property
    def not_features(self) -> Collection[str]:
        """Names that are no features, in lower case: to be ignored or kept."""
        return {*self.ignore, *(name.lower() for name in self.keep)} if self.keep else self.ignore

    def kept_of(self, house: Any) -> Kept:
        """Returns what is handed on of a mapping or an object."""
        if isinstance(house, Mapping):
            return tuple(house.get(name) for name in self.keep)
        return tuple(getattr(house, name, None) for name in self.keep)

    def _read(
        self, house: Any, row: int, place: int, faults: dict[int, RowError]
    ) -> dict[str, float]:
        try:
            if isinstance(house, InvalidArgumentError):
                raise house
            return read(house, self.not_features)
        except InvalidArgumentError as error:
            faults[place] = row_error(row, error)
            return {}


def row_error(row: int, error: InvalidArgumentError) -> RowError:
    """Returns the result of a house that was not sent, as the server would give it."""
    return RowError(
        row=row,
        code=error.code,
        reason=error.reason,
        message=error.message,
        violations=error.violations,
    )


def to_bytes(values: "array[float]") -> bytes:
    """Returns float64 numbers as the wire has them."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def from_bytes(data: bytes) -> "array[float]":
    """Returns float64 numbers from the wire."""
    values = array("d")
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values
