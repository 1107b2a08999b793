"""From the wire to arrays: houses one by one, without a message made of each.

This takes requests that are written in the usual way, as every protobuf library does. All
others, and those that are wrong, are left to the parser: None is returned.
"""

from dataclasses import dataclass
from functools import lru_cache

import msgspec
import numpy as np
from google.protobuf.message import DecodeError
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle import extension
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import wire
from housing_grpc.houses.decode import FIELDS, Rows

_WIDTH = len(FEATURE_NAMES)
_MOST_UINT64 = 2**64 - 1
# There are four; more are repetitions, which the parser passes by faster.
_MOST_FIELDS = 4

_chunk_fields = pb.PredictStreamRequest.DESCRIPTOR.fields_by_name
_PAYLOADS = tuple(
    wire.tag(_chunk_fields[name].number, wire.LENGTH_DELIMITED) for name in ("rows", "matrix")
)
_ROWS, _MATRIX = _PAYLOADS
_matrix_fields = pb.HouseMatrix.DESCRIPTOR.fields_by_name
_FEATURES = wire.tag(_matrix_fields["features"].number, wire.LENGTH_DELIMITED)
_VALUES = wire.tag(_matrix_fields["values"].number, wire.LENGTH_DELIMITED)
_VARINTS = {
    wire.tag(_chunk_fields["sequence"].number, wire.VARINT): _MOST_UINT64,
    wire.tag(_chunk_fields["pin_model"].number, wire.VARINT): 1,
}
_SEQUENCE, _PIN = _VARINTS

# What is read counts fields from 1, in the order of FEATURES.
_KNOWN = [pb.House.DESCRIPTOR.fields_by_name[name].number for name in FIELDS] == list(
    range(1, _WIDTH + 1)
)


class PlainHouse(msgspec.Struct, frozen=True):  # Made for every call: quicker than a dataclass.
    """A PredictRequest.

    Attributes:
        row: Bytes of doubles, one for each feature, NaN where a value is missing.
        data: The request as it came.
    """

    row: bytes
    data: bytes

    @property
    def house(self) -> pb.House:
        """The same as a message."""
        return pb.PredictRequest.FromString(self.data).house


@dataclass(frozen=True, slots=True)
class PlainBatch:
    """A PredictBatchRequest.

    Attributes:
        items: The houses, shape (n, features), NaN where a value is missing.
    """

    items: Rows


@dataclass(frozen=True, slots=True)
class PlainMatrix:
    """A HouseMatrix.

    Attributes:
        features: Names.
        values: Bytes of doubles, house by house.
    """

    features: tuple[str, ...]
    values: bytes


@dataclass(frozen=True, slots=True)
class PlainChunk:
    """A PredictStreamRequest.

    Attributes:
        sequence: Chosen by the caller.
        pin_model: Whether all chunks are to be answered by one model.
        houses: One block, or rows of shape (n, features), NaN where a value is missing.
    """

    sequence: int
    pin_model: bool
    houses: PlainMatrix | Rows


def read_house(data: bytes) -> PlainHouse | None:
    """Reads a PredictRequest."""
    if extension.read_rows is None or not _KNOWN:
        return None
    # It is written as a list of one row is.
    row = extension.read_rows(data, 0, len(data), _WIDTH, 1)
    return PlainHouse(row, data) if row else None


def read_batch(data: bytes, most: int) -> PlainBatch | None:
    """Reads a PredictBatchRequest of so many houses at most."""
    items = _read(data, 0, len(data), most)
    return None if items is None else PlainBatch(items)


def read_chunk(data: bytes, most: int) -> PlainChunk | None:
    """Reads a PredictStreamRequest; if it has rows, of so many houses at most."""
    try:
        return _chunk(data, most)
    except IndexError:  # A number does not end.
        return None


def _chunk(data: bytes, most: int) -> PlainChunk | None:
    found, span, position = dict.fromkeys(_VARINTS, 0), None, 0
    for _ in range(_MOST_FIELDS):
        if position >= len(data):
            break
        tag, begin = data[position], position + 1
        value, position = wire.varint(data, begin)
        if not wire.shortest(data, begin, position):
            return None
        if tag in _PAYLOADS and span is None:
            span = tag, position, position + value
            position += value
        elif value <= _VARINTS.get(tag, -1):
            found[tag] = value
        else:
            return None
    if span is None or position != len(data):
        return None
    payload, start, end = span
    houses = _matrix(data, start, end) if payload == _MATRIX else _read(data, start, end, most)
    return None if houses is None else PlainChunk(found[_SEQUENCE], bool(found[_PIN]), houses)


def _matrix(data: bytes, start: int, end: int) -> PlainMatrix | None:
    position = start
    for _ in range(_WIDTH):
        if position + 1 < end and data[position] == _FEATURES:
            position += 2 + data[position + 1]
    if position >= end or data[position] != _VALUES:
        return None
    size, begin = wire.varint(data, position + 1)
    if begin + size != end or not wire.shortest(data, position + 1, begin):
        return None
    features = _features(data[start:position])
    return None if features is None else PlainMatrix(features, data[begin:end])


@lru_cache(maxsize=64)
def _features(data: bytes) -> tuple[str, ...] | None:
    # Callers name the same features with every chunk.
    try:
        return tuple(pb.HouseMatrix.FromString(data).features)
    except DecodeError:
        return None


def _read(data: bytes, start: int, end: int, most: int) -> Rows | None:
    if extension.read_rows is None or not _KNOWN:
        return None
    rows = extension.read_rows(data, start, end, _WIDTH, most)
    return None if rows is None else np.frombuffer(rows).reshape(-1, _WIDTH)
