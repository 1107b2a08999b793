"""Requests that are read straight from their bytes: as the parser reads them, or not at all."""

import math
import struct

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st

from housing_grpc.bundle import extension
from housing_grpc.houses import decode_plain
from housing_grpc.houses.decode import FIELDS
from housing_grpc.houses.decode_plain import PlainBatch, PlainChunk, PlainMatrix

pytestmark = pytest.mark.skipif(extension.read_rows is None, reason="the functions are not built")

MOST = 20
MANY = settings(max_examples=400, deadline=None)

NUMBERS = st.one_of(
    st.floats(allow_nan=False),
    st.sampled_from([0.0, -0.0, math.inf, -math.inf, 5e-324, 1.0]),
)
HOUSES = st.dictionaries(st.sampled_from(FIELDS), NUMBERS).map(lambda values: pb.House(**values))
BATCHES = st.lists(HOUSES, max_size=MOST).map(lambda items: pb.PredictBatchRequest(items=items))
MATRICES = st.builds(
    pb.HouseMatrix, features=st.lists(st.text(max_size=9), max_size=13), values=st.binary()
)
CHUNKS = st.one_of(
    st.builds(
        pb.PredictStreamRequest,
        sequence=st.integers(0, 2**64 - 1),
        rows=st.lists(HOUSES, max_size=MOST).map(lambda items: pb.HouseRows(items=items)),
        pin_model=st.booleans(),
    ),
    st.builds(
        pb.PredictStreamRequest,
        sequence=st.integers(0, 2**64 - 1),
        matrix=MATRICES,
        pin_model=st.booleans(),
    ),
)


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


# What the format allows and hardly anybody writes: field by field, with any tag and length.
VARINTS = st.one_of(
    st.integers(0, 300).map(varint),
    st.integers(0, 2**70).map(varint),
    st.integers(0, 127).map(lambda number: bytes([number | 0x80, 0x80, 0])),
    st.binary(max_size=11),
)
VALUES = st.tuples(st.integers(0, 16), st.floats()).map(
    lambda field: varint(field[0] << 3 | 1) + struct.pack("<d", field[1])
)
STRANGE = st.tuples(st.integers(0, 16), st.integers(0, 7), VARINTS, st.binary(max_size=9)).map(
    lambda field: varint(field[0] << 3 | field[1]) + field[2] + field[3]
)
ODD_HOUSES = st.lists(st.one_of(VALUES, VALUES, VALUES, STRANGE), max_size=16).map(b"".join)


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


ODD_LISTS = st.lists(
    st.one_of(ODD_HOUSES.map(lambda data: field(1, data)), STRANGE), max_size=6
).map(b"".join)
ODD_CHUNKS = st.lists(
    st.one_of(
        ODD_LISTS.map(lambda data: field(2, data)),
        MATRICES.map(lambda matrix: field(3, matrix.SerializeToString())),
        VARINTS.map(lambda data: b"\x08" + data),
        VARINTS.map(lambda data: b"\x20" + data),
        STRANGE,
    ),
    max_size=4,
).map(b"".join)


@st.composite
def spoilt(draw: st.DrawFn, messages: st.SearchStrategy[bytes]) -> bytes:
    """Some bytes of a message changed, cut off, added or repeated."""
    data = bytearray(draw(messages))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 4)))
        data[start:end] = draw(st.one_of(st.binary(max_size=4), st.just(bytes(data[:start]))))
    return bytes(data)


def rows(items: object) -> list[list[float]]:
    return [
        [getattr(house, name) if house.HasField(name) else math.nan for name in FIELDS]
        for house in items  # type: ignore[attr-defined]
    ]


def check_batch(data: bytes, *, taken: bool = False) -> None:
    """Asserts that a batch is read as the parser reads it; it may also be left to that."""
    found = decode_plain.read_batch(data, MOST)
    if found is None:
        assert not taken
        return
    assert isinstance(found, PlainBatch)
    expected = np.array(rows(pb.PredictBatchRequest.FromString(data).items)).reshape(-1, 13)
    assert found.items.tobytes() == expected.tobytes()


def check_chunk(data: bytes, *, taken: bool = False) -> None:
    """The same of a chunk."""
    found = decode_plain.read_chunk(data, MOST)
    if found is None:
        assert not taken
        return
    assert isinstance(found, PlainChunk)
    expected = pb.PredictStreamRequest.FromString(data)
    assert (found.sequence, found.pin_model) == (expected.sequence, expected.pin_model)
    if isinstance(found.houses, PlainMatrix):
        assert expected.WhichOneof("payload") == "matrix"
        assert list(found.houses.features) == list(expected.matrix.features)
        assert found.houses.values == expected.matrix.values
    else:
        assert expected.WhichOneof("payload") == "rows"
        block = np.array(rows(expected.rows.items)).reshape(-1, 13)
        assert found.houses.tobytes() == block.tobytes()


@MANY
@given(message=BATCHES)
def test_usual_batches_are_read(message: pb.PredictBatchRequest) -> None:
    check_batch(message.SerializeToString(), taken=True)


@MANY
@given(message=CHUNKS)
def test_usual_chunks_are_read(message: pb.PredictStreamRequest) -> None:
    # Without values there is no field of them.
    block = message.WhichOneof("payload") == "matrix"
    check_chunk(message.SerializeToString(), taken=not block or bool(message.matrix.values))


@MANY
@given(data=st.one_of(ODD_LISTS, spoilt(BATCHES.map(lambda message: message.SerializeToString()))))
def test_other_batches_are_read_alike_or_left_to_the_parser(data: bytes) -> None:
    check_batch(data)


@MANY
@given(data=st.one_of(ODD_CHUNKS, spoilt(CHUNKS.map(lambda message: message.SerializeToString()))))
def test_other_chunks_are_read_alike_or_left_to_the_parser(data: bytes) -> None:
    check_chunk(data)


def test_what_is_cut_off_anywhere() -> None:
    houses = [pb.House(rm=6.5, lstat=5), pb.House(), pb.House(chas=1)] * 10
    block = pb.HouseMatrix(features=["RM", "LSTAT"], values=bytes(320))
    for message in (
        pb.PredictStreamRequest(sequence=300, rows=pb.HouseRows(items=houses), pin_model=True),
        pb.PredictStreamRequest(sequence=300, matrix=block, pin_model=True),
        pb.PredictStreamRequest(matrix=block),
    ):
        data = message.SerializeToString()
        for end in range(len(data)):
            check_chunk(data[:end])
            check_batch(data[:end])
            # The same, where only what is within says that it is cut off.
            check_chunk(field(2, data[:end]))
            check_chunk(field(3, data[:end]))
            check_batch(field(1, data[:end]))


def test_a_length_that_is_missing_is_left_to_the_parser() -> None:
    for matrix in (b"\x12", b"\x12\x80", b"\x0a", b"\x0a\x02RM\x12"):
        assert decode_plain.read_chunk(field(3, matrix), MOST) is None


def test_of_a_repeated_value_the_last_counts() -> None:
    data = pb.House(rm=1).SerializeToString() + pb.House(rm=2).SerializeToString()
    check_batch(field(1, data), taken=True)
    found = decode_plain.read_batch(field(1, data), MOST)
    assert found
    assert found.items[0, FIELDS.index("rm")] == 2


LEFT = {
    "a NaN, which is not a missing value": pb.House(rm=math.nan).SerializeToString(),
    "a field that there is not": b"\x71" + bytes(8),
    "a float in place of a double": b"\x35" + bytes(4),
    "a group": b"\x73\x74",
    "a value that is cut off": b"\x31" + bytes(7),
    "a tag longer than it needs be": b"\xb1\x00" + bytes(8),
}


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_left_to_the_parser(kind: str) -> None:
    assert decode_plain.read_batch(field(1, LEFT[kind]), MOST) is None
    assert decode_plain.read_chunk(field(2, field(1, LEFT[kind])), MOST) is None


def test_more_rows_than_the_limit_are_left_to_the_parser() -> None:
    houses = [pb.House(rm=1)] * (MOST + 1)
    assert decode_plain.read_batch(field(1, b"") * MOST, MOST) is not None
    assert decode_plain.read_batch(field(1, b"") * (MOST + 1), MOST) is None
    request = pb.PredictStreamRequest(rows=pb.HouseRows(items=houses))
    assert decode_plain.read_chunk(request.SerializeToString(), MOST) is None


def test_names_that_are_no_text_are_left_to_the_parser() -> None:
    data = field(3, field(1, b"\xff") + field(2, bytes(8)))
    assert decode_plain.read_chunk(data, MOST) is None
    with pytest.raises(DecodeError):
        pb.PredictStreamRequest.FromString(data)


def test_no_end_of_fields_is_left_to_the_parser() -> None:
    rows = field(2, field(1, b""))
    assert decode_plain.read_chunk(b"\x08\x01" * 3 + rows, MOST) is not None
    assert decode_plain.read_chunk(b"\x08\x01" * 4 + rows, MOST) is None
    for count, taken in ((13, True), (14, False)):
        data = field(3, field(1, b"RM") * count + field(2, bytes(8)))
        assert (decode_plain.read_chunk(data, MOST) is not None) == taken


@pytest.mark.parametrize("bounds", [(-1, 0), (1, 0), (0, 3), (2**62, 2**62)])
def test_a_part_that_is_not_there_is_refused(bounds: tuple[int, int]) -> None:
    assert extension.read_rows
    with pytest.raises(ValueError, match="bound"):
        extension.read_rows(b"\x0a\x00", *bounds, 13, MOST)
