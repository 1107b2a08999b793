"""Reads protobuf's wire format, as far as an ONNX graph needs it.

Source: https://protobuf.dev/programming-guides/encoding. The onnx package would be a large
dependency for that, and this package may know no other reader.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import built

Value = int | memoryview | NDArray[np.int64]

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_MORE = 0x80
# Nine groups of seven bits: the largest number that is not below zero.
_LONGEST = 9


def fields(data: memoryview, *, run: int = 0) -> Iterator[tuple[int, Value]]:
    """Yields the number and value of each field of a message.

    Args:
        data: The message.
        run: Field of repeated integers that are not packed: those that follow each other
            are one array, read in C, as hundreds of thousands would take a second.

    Raises:
        ValueError: It is not a message, or an integer is below zero.
        RuntimeError: There is such a run, and nothing is built that reads it.
    """
    at = 0
    while at < len(data):
        start = at
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        value: Value
        if kind == _VARINT and number == run:
            value, at = _run(data, start)
        elif kind == _VARINT:
            value, at = _varint(data, at)
        else:
            length = {_FOUR: 4, _EIGHT: 8}.get(kind)
            if kind == _BYTES:
                length, at = _varint(data, at)
            if length is None or length > len(data) - at:
                raise ValueError("a field has no end")
            value, at = data[at : at + length], at + length
        yield number, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for place, octet in enumerate(data[at : at + _LONGEST]):
        number |= (octet & 0x7F) << 7 * place
        if octet < _MORE:
            return number, at + place + 1
    raise ValueError("an integer has no end, or is below zero")


def _run(data: memoryview, at: int) -> tuple[NDArray[np.int64], int]:
    """Returns the integers that stand behind the same key as the first, and where they end."""
    if built.read_integers is None:
        raise RuntimeError("what reads integers is not built")
    numbers, end = built.read_integers(data, at)
    return np.frombuffer(numbers, np.int64), end
