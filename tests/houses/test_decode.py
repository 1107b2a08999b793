"""Requests are read from their bytes, in C or by protobuf's parser: both give the same."""

import math
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from google.protobuf.message import DecodeError
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle import extension
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses import decode
from housing_grpc.houses.decode import FIELDS, Chunk, HouseRequest
from housing_grpc.houses.options import NO_OPTIONS, RECEIPT_ONLY
from tests.support.varints import varint

needs_native = pytest.mark.skipif(extension.read_rows is None, reason="it is not built")

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
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "explain": st.booleans(),
        "reference": HOUSES,
        "level": st.sampled_from([0.0, -0.0, 0.8, 7.5, math.nan]),
        "receipt": st.booleans(),
    },
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


BATCH = partial(decode.read_batch, most=MOST)
CHUNK = partial(decode.read_chunk, most=MOST)
READERS: list[Callable[[bytes], Any]] = [decode.read_house, BATCH, CHUNK]


def outcome(read: Callable[[bytes], Any], data: bytes) -> object:
    """Gives all that comes of some bytes, in a form that can be compared."""
    try:
        found = read(data)
    except DecodeError:
        return "no message"
    except ServingError as error:
        return error.reason, error.message
    options = str(found.options)
    if isinstance(found, Chunk):
        return found.sequence, found.pin_model, found.as_matrix, found.rows.tobytes(), options
    return found.row if isinstance(found, HouseRequest) else found.rows.tobytes(), options


def check(data: bytes) -> None:
    """Asserts that every reader makes the same of some bytes with the extension and without."""
    native = [outcome(read, data) for read in READERS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extension, "read_rows", None)
        assert [outcome(read, data) for read in READERS] == native


def rows(items: object) -> list[list[float]]:
    return [
        [getattr(house, name) if house.HasField(name) else math.nan for name in FIELDS]
        for house in items  # type: ignore[attr-defined]
    ]


@MANY
@given(message=BATCHES)
def test_the_rows_of_a_message(message: pb.PredictBatchRequest) -> None:
    data = message.SerializeToString()
    check(data)
    if message.items:
        # As lists: a NaN is none of its own.
        assert str(BATCH(data).rows.tolist()) == str(rows(message.items))


@needs_native
@MANY
@given(message=BATCHES)
def test_what_libraries_write_is_read_in_c(message: pb.PredictBatchRequest) -> None:
    assert extension.read_rows
    read = extension.read_rows(message.SerializeToString(), 13, MOST)
    assert read is not None
    assert len(read) == 8 * 13 * len(message.items)


@MANY
@given(message=CHUNKS)
def test_the_chunks_of_a_message(message: pb.PredictStreamRequest) -> None:
    check(message.SerializeToString())


@MANY
@given(chunk=CHUNKS, options=OPTIONS, intervals=st.booleans())
def test_the_options_of_a_message(
    chunk: pb.PredictStreamRequest, options: dict[str, Any], intervals: bool
) -> None:
    asked = pb.PredictRequest(house=pb.House(rm=6), **options)
    several = pb.PredictBatchRequest(items=chunk.rows.items, **options)
    chunk.MergeFrom(pb.PredictStreamRequest(**options, intervals=intervals))
    for message in (asked, several, chunk):
        check(message.SerializeToString())
    found = decode.read_house(asked.SerializeToString()).options
    against = asked.HasField("reference")
    assert found.explain == (asked.explain or against)
    assert (found.reference is not None) == against
    assert str(found.level) == str(asked.level or 0.9)
    assert found.receipt == asked.receipt
    if not (found.explain or asked.level):
        assert found is (RECEIPT_ONLY if asked.receipt else NO_OPTIONS)


# The last number of a house may be written as the field of the option is.
ENDS = struct.unpack("<d", bytes(6) + b"\x28\x01")[0]


@pytest.mark.parametrize("receipt", [False, True])
def test_a_house_that_ends_as_the_option_does(receipt: bool) -> None:
    asked = pb.PredictRequest(house=pb.House(lstat=ENDS), receipt=receipt)
    data = asked.SerializeToString()
    assert data.endswith(b"\x28\x01")
    check(data)
    found = decode.read_house(data)
    assert found.options is (RECEIPT_ONLY if receipt else NO_OPTIONS)
    assert decode.rows_of(found.row)[0, -1] == ENDS
    several = pb.PredictBatchRequest(items=[asked.house] * 3, receipt=receipt)
    check(several.SerializeToString())
    assert decode.read_batch(several.SerializeToString(), 3).options is found.options


@needs_native
def test_receipts_alone_cost_no_message_for_each_house(monkeypatch: pytest.MonkeyPatch) -> None:
    house = pb.House(rm=6.5)
    alone = pb.PredictRequest(house=house, receipt=True).SerializeToString()
    several = pb.PredictBatchRequest(items=[house] * 3, receipt=True).SerializeToString()
    rows = pb.HouseRows(items=[house] * 3)
    chunk = pb.PredictStreamRequest(sequence=7, rows=rows, receipt=True).SerializeToString()
    # Nothing is there to make a message with.
    monkeypatch.setattr(decode, "pb", None)
    found = (decode.read_house(alone), decode.read_batch(several, 3), decode.read_chunk(chunk, 3))
    assert all(each.options is RECEIPT_ONLY for each in found)


@MANY
@given(data=st.one_of(ODD_LISTS, spoilt(BATCHES.map(lambda message: message.SerializeToString()))))
def test_odd_batches(data: bytes) -> None:
    check(data)


@MANY
@given(data=st.one_of(ODD_CHUNKS, spoilt(CHUNKS.map(lambda message: message.SerializeToString()))))
def test_odd_chunks(data: bytes) -> None:
    check(data)


def test_what_is_cut_off_anywhere() -> None:
    houses = [pb.House(rm=6.5, lstat=5), pb.House(), pb.House(chas=1)] * 6
    block = pb.HouseMatrix(features=["RM", "LSTAT"], values=bytes(320))
    for message in (
        pb.PredictStreamRequest(sequence=300, rows=pb.HouseRows(items=houses), pin_model=True),
        pb.PredictStreamRequest(sequence=300, matrix=block, pin_model=True),
        pb.PredictStreamRequest(matrix=block),
        pb.PredictRequest(house=pb.House(rm=6, age=4)),
    ):
        data = message.SerializeToString()
        for end in range(len(data)):
            check(data[:end])
            # The same, where only what is within says that it is cut off.
            check(field(1, data[:end]))
            check(field(2, data[:end]))
            check(field(3, data[:end]))


def test_of_a_repeated_value_the_last_counts() -> None:
    data = field(1, pb.House(rm=1).SerializeToString() + pb.House(rm=2).SerializeToString())
    check(data)
    assert BATCH(data).rows[0, FIELDS.index("rm")] == 2


ODD = {
    "a NaN, which is not a missing value": pb.House(rm=math.nan).SerializeToString(),
    "a field that there is not": b"\x71" + bytes(8),
    "a float in place of a double": b"\x35" + bytes(4),
    "a group": b"\x73\x74",
    "a value that is cut off": b"\x31" + bytes(7),
    "a tag longer than it needs be": b"\xb1\x00" + bytes(8),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_left_to_the_parser(kind: str) -> None:
    data = field(1, ODD[kind])
    check(data)
    check(field(2, data))
    if extension.read_rows is not None:
        assert extension.read_rows(data, 13, MOST) is None


def test_a_nan_that_was_sent_is_not_a_value_that_is_missing() -> None:
    request = pb.PredictRequest(house=pb.House(rm=math.nan, age=0))
    (row,) = decode.rows_of(decode.read_house(request.SerializeToString()).row).tolist()
    assert row[FIELDS.index("rm")] == math.inf
    assert row[FIELDS.index("age")] == 0
    assert math.isnan(row[0])


@pytest.mark.parametrize("native", [True, False])
def test_no_more_rows_than_the_limit(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native:
        monkeypatch.setattr(extension, "read_rows", None)
    houses = [pb.House(rm=1)] * (MOST + 1)
    block = pb.HouseMatrix(features=["RM"], values=bytes(8 * (MOST + 1)))
    assert len(BATCH(field(1, b"") * MOST).rows) == MOST
    with pytest.raises(ServingError, match="items: holds more than 20 houses"):
        BATCH(field(1, b"") * (MOST + 1))
    for name, request in (
        ("rows.items", pb.PredictStreamRequest(rows=pb.HouseRows(items=houses))),
        ("matrix.values", pb.PredictStreamRequest(matrix=block)),
    ):
        with pytest.raises(ServingError, match=f"{name}: holds more than 20 houses"):
            CHUNK(request.SerializeToString())


def test_names_that_are_no_text() -> None:
    with pytest.raises(DecodeError):
        CHUNK(field(3, field(1, b"\xff") + field(2, bytes(8))))


@needs_native
@pytest.mark.parametrize("limits", [(0, 1), (16, 1), (13, -1)])
def test_limits_that_are_none(limits: tuple[int, int]) -> None:
    assert extension.read_rows
    with pytest.raises(ValueError, match="out of bounds"):
        extension.read_rows(b"\x0a\x00", *limits)


def test_the_names_of_a_matrix_are_counted_before_they_are_parsed() -> None:
    for names in (b"\x0a\x00" * 1001, b"\x8a\x00\x00" * 1001):
        with pytest.raises(ServingError, match=r"matrix\.features: holds more than 1000 names"):
            CHUNK(field(3, names))
    # What looks like names is none.
    block = pb.HouseMatrix(features=FEATURE_NAMES, values=b"\x0a" * (8 * 13 * MOST))
    assert len(CHUNK(field(3, block.SerializeToString())).rows) == MOST
