"""Makes houses of what the dialects read: rows of numbers, objects by feature, or columns."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from housing.v1.prediction_pb2 import House

from housing_grpc.rest.http.errors import Reason
from housing_grpc.rest.json import scalars
from housing_grpc.rest.json.faults import MOST, FaultError, shortened
from housing_grpc.rest.json.names import spelling
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.strict import NotFinite

T = TypeVar("T")

_HOUSE: Any = House.DESCRIPTOR
_KEYS = tuple(field.name for field in _HOUSE.fields)

NAMES = tuple(spelling(field) for field in _HOUSE.fields)
"""The features, in the order in which a row without names has them."""
ALL_NAMES = ", ".join(NAMES)

_double = scalars.reader(_HOUSE.fields[0])


def number(value: Any) -> float:
    """Reads a number; null is NaN, which stands for a missing value.

    Raises:
        FaultError: It is neither.
    """
    if value is None:
        return math.nan
    if isinstance(value, NotFinite):
        text = f"is {shortened(value.text)}; send a finite number, or null where it is missing"
        raise FaultError.at(Reason.JSON_NOT_FINITE, text)
    found: float = _double(value)
    return found


def numbers(values: Sequence[Any], steps: Sequence[str]) -> list[float]:
    """Reads numbers.

    Args:
        values: What is read.
        steps: Where each stands, as a fault names it.
    """
    faults = []
    found = []
    for value, step in zip(values, steps, strict=True):
        try:
            found.append(number(value))
        except FaultError as error:
            faults += error.under(step)
    if faults:
        raise FaultError(faults)
    return found


def house(values: Iterable[float], keys: Iterable[str] = _KEYS) -> House:
    """Returns a house.

    Args:
        values: Of its features; NaN where one is missing.
        keys: The fields of House that they go to.
    """
    pairs = zip(keys, values, strict=True)
    return House(**{key: value for key, value in pairs if not math.isnan(value)})


class Rows:
    """Reads rows.

    Args:
        readers: Make messages of JSON.
        most: Most rows of a request.
    """

    def __init__(self, readers: Readers, most: int) -> None:
        self._house = readers.message(_HOUSE)
        self._most = most

    def check_count(self, count: int) -> None:
        """Checks how many rows there are.

        Raises:
            FaultError: EMPTY_BATCH or BATCH_TOO_LARGE.
        """
        if count == 0:
            text = f"is empty; send 1 to {self._most} houses"
            raise FaultError.at(Reason.EMPTY_BATCH, text)
        # guard: the rows of a dialect
        if count > self._most:
            text = f"holds {count} houses, {self._most} are allowed; send them in parts"
            raise FaultError.at(Reason.BATCH_TOO_LARGE, text)

    def allowed(self, lines: Iterator[T]) -> list[T]:
        """Returns the rows of a table, of which no more are read than are allowed.

        Raises:
            FaultError: EMPTY_BATCH or BATCH_TOO_LARGE.
        """
        # guard: the lines of a table that are read
        found = list(islice(lines, self._most + 1))
        if len(found) > self._most:
            text = f"is more than {self._most} houses, which is the most; send them in parts"
            raise FaultError.at(Reason.BATCH_TOO_LARGE, text)
        self.check_count(len(found))
        return found

    def listed(self, value: Any, columns: Sequence[str] = NAMES) -> list[House]:
        """Reads a list of rows: each a list of numbers, or an object by feature.

        Args:
            value: What is read.
            columns: Names of the features, in the order of the numbers.

        Raises:
            FaultError: It cannot be taken.
        """
        if not isinstance(value, list):
            raise scalars.wrong(value, "a list of houses")
        self.check_count(len(value))
        keys = [_KEYS[NAMES.index(name)] for name in columns]
        faults = []
        found = []
        for place, row in enumerate(value):
            try:
                found.append(self._row(row, columns, keys))
            except FaultError as error:
                faults += error.under(f"[{place}]")
                if len(faults) >= MOST:
                    break
        if faults:
            raise FaultError(faults)
        return found

    def columns(self, named: Mapping[str, Sequence[float]]) -> list[House]:
        """Returns houses of columns of the same length, by feature."""
        keys = [_KEYS[NAMES.index(name)] for name in named]
        return [house(values, keys) for values in zip(*named.values(), strict=True)]

    def _row(self, row: Any, columns: Sequence[str], keys: Sequence[str]) -> House:
        if isinstance(row, dict):
            found: House = self._house(row)
            return found
        if not isinstance(row, list):
            raise scalars.wrong(row, "a list of numbers, or an object with a number a feature")
        if len(row) != len(columns):
            names = ", ".join(columns)
            text = f"holds {len(row)} values; send {len(columns)}: {names}; null for a missing one"
            raise FaultError.at(Reason.SHAPE_MISMATCH, text)
        return house(numbers(row, columns), keys)


def check_columns(names: Sequence[Any]) -> list[str]:
    """Checks the names of columns.

    Raises:
        FaultError: One is no feature, or stands twice.
    """
    for place, name in enumerate(names):
        if not isinstance(name, str):
            raise FaultError(scalars.wrong(name, f"one of {ALL_NAMES}").under(f"[{place}]"))
        if name not in NAMES:
            text = f"is no feature; send some of {ALL_NAMES}"
            raise FaultError.at(Reason.JSON_UNKNOWN_FIELD, text, shortened(name) or f"[{place}]")
        if name in names[:place]:
            raise FaultError.at(Reason.JSON_DUPLICATE_KEY, "is there twice; send it once", name)
    return list(names)
