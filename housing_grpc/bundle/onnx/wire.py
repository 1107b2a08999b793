"""Reads protobuf's wire format as far as the export uses it, and refuses all else.

Every number has one way to be written here, and every field one type: what two parsers could
read differently is refused, so that ONNX Runtime sees what was checked.

Source: https://protobuf.dev/programming-guides/encoding. The onnx package would be a large
dependency for that.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .errors import ForeignGraphError, GraphError

Value = int | memoryview | NDArray[np.int64]

_VARINT, _BYTES = 0, 2
_TYPES = frozenset(range(6))
_MORE = 0x80
# Nine groups of seven bits: the largest number that is not below zero.
_LONGEST = 9
_TOO_LONG = "a number that is longer than it has to be"
_BELOW_ZERO = "a number that is below zero, or too large"


def fields(data: memoryview, *, run: int = 0) -> Iterator[tuple[int, Value]]:
    """Yields the number and value of each field of a message.

    Args:
        data: The message.
        run: Field of repeated integers that are not packed: those that follow each other
            are one array.

    Raises:
        GraphError: It is not a message.
        ForeignGraphError: It is written otherwise than the export does.
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
        elif kind == _BYTES:
            length, at = _varint(data, at)
            if length > len(data) - at:
                raise GraphError("a field has no end")
            value, at = data[at : at + length], at + length
        elif kind in _TYPES:
            raise ForeignGraphError(f"field {number} of a type that is not used")
        else:
            raise GraphError("a field has no type")
        yield number, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for place, octet in enumerate(data[at : at + _LONGEST]):
        number |= (octet & 0x7F) << 7 * place
        if octet < _MORE:
            if place and not octet:
                raise ForeignGraphError(_TOO_LONG)
            return number, at + place + 1
    if at + _LONGEST < len(data):
        raise ForeignGraphError(_BELOW_ZERO)
    raise GraphError("a number has no end")


def _run(data: memoryview, at: int) -> tuple[NDArray[np.int64], int]:
    """Returns the integers that stand behind the same key as the first, and where they end.

    The key is one octet, so the octets that end something are a key and the last of a number
    in turn, for as long as the run goes on.
    """
    octets = np.frombuffer(data, np.uint8)[at:]
    ends = np.flatnonzero(octets < _MORE)
    last = ends[1::2]
    keys = ends[::2][: last.size]
    starts = np.append(0, last + 1)
    follows = (keys == starts[:-1]) & (octets[keys] == octets[0])
    count = last.size if follows.all() else int(follows.argmin())
    stop = int(starts[count])
    if stop < octets.size and octets[stop] == octets[0]:
        _varint(data, at + stop + 1)  # It has no end, and this says so.
    return _numbers(octets, keys[:count] + 1, last[:count]), at + stop


def _numbers(
    octets: NDArray[np.uint8], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Returns the numbers whose octets stand from `first` to `last`."""
    longer = last - first
    if longer.max() >= _LONGEST:
        raise ForeignGraphError(_BELOW_ZERO)
    if np.any((longer > 0) & (octets[last] == 0)):
        raise ForeignGraphError(_TOO_LONG)
    numbers = np.zeros(len(first), np.int64)
    for place in range(int(longer.max()) + 1):
        there = longer >= place
        groups = (octets[first[there] + place] & 0x7F).astype(np.int64)
        numbers[there] |= groups << 7 * place
    return numbers
