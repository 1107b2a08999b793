"""Counting the houses of a message before it is parsed: agrees with the parser."""

from collections.abc import Callable

import grpc
import pytest
from google.protobuf.message import DecodeError
from housing.v1.prediction_pb2 import (
    House,
    HouseRows,
    PredictBatchRequest,
    PredictStreamRequest,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from housing_grpc.houses import wire_scan
from housing_grpc.houses.wire_scan import exceeds
from tests.support.calls import raw
from tests.support.client import SECONDS, failure, reason_of
from tests.support.examples import Example
from tests.support.serving import Serve
from tests.support.varints import varint

BATCH, ROWS = (1,), (2, 1)
FOUR_MIB = 4 * 2**20
EXAMPLES = 500


def delimited(number: int, content: bytes, padding: int = 0) -> bytes:
    tag = varint(number << 3 | 2, padding)
    return tag + varint(len(content), padding) + content


paddings = st.sampled_from([0, 0, 0, 1, 3])
houses = st.one_of(
    st.just(b""),
    st.builds(lambda rm: House(rm=rm).SerializeToString(), st.floats()),
)


def unknown(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Fields that the contract does not have, of every kind."""
    return st.one_of(
        st.builds(lambda n, v: varint(n << 3) + varint(v), numbers, st.integers(0, 2**64 - 1)),
        st.builds(lambda n, v: varint(n << 3 | 1) + v, numbers, st.binary(min_size=8, max_size=8)),
        st.builds(lambda n, v: varint(n << 3 | 5) + v, numbers, st.binary(min_size=4, max_size=4)),
        st.builds(delimited, numbers, st.binary(max_size=30), paddings),
        st.builds(lambda n: varint(n << 3 | 3) + varint(n << 3 | 4), numbers),
    )


# 15 and less are a byte, more are two; from 100 on nothing is ever ours.
others = unknown(st.integers(100, 2**29 - 1).filter(lambda n: not 19000 <= n <= 19999))
items = st.builds(delimited, st.just(1), houses, paddings)
fields = st.lists(st.one_of(items, others), max_size=30)
batches = fields.map(b"".join)
streams = st.lists(
    st.one_of(st.builds(delimited, st.just(2), batches, paddings), others), max_size=4
).map(b"".join)


def batch_count(data: bytes) -> int:
    return len(PredictBatchRequest.FromString(data).items)


def stream_count(data: bytes) -> int:
    return len(PredictStreamRequest.FromString(data).rows.items)


def agrees(data: bytes, path: tuple[int, ...], count: Callable[[bytes], int], most: int) -> None:
    try:
        parsed = count(data)
    except DecodeError:
        return  # Either answer will do: the parser refuses it.
    assert exceeds(data, path, most) == (parsed > most)


@settings(max_examples=EXAMPLES, deadline=None)
@given(batches, st.integers(0, 30))
def test_it_counts_as_the_parser_does(data: bytes, most: int) -> None:
    agrees(data, BATCH, batch_count, most)


@settings(max_examples=EXAMPLES, deadline=None)
@given(streams, st.integers(0, 60))
def test_it_counts_as_the_parser_does_in_messages_of_messages(data: bytes, most: int) -> None:
    agrees(data, ROWS, stream_count, most)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 5))
def test_any_bytes_are_counted_or_left_to_the_parser(data: bytes, most: int) -> None:
    for path, count in ((BATCH, batch_count), (ROWS, stream_count)):
        try:
            parsed = count(data)
        except DecodeError:
            parsed = 0
        # Groups are looked into, so that it may count more than the parser, and never less.
        assert exceeds(data, path, most) >= (parsed > most)


@settings(max_examples=EXAMPLES, deadline=None)
@given(batches, st.integers(0, 30), st.data())
def test_what_is_cut_off_is_left_to_the_parser(data: bytes, most: int, draw: st.DataObject) -> None:
    cut = data[: draw.draw(st.integers(0, len(data)))]
    agrees(cut, BATCH, batch_count, most)


@pytest.mark.parametrize("tag", [b"\x0a", b"\x8a\x00", b"\x8a\x80\x00", b"\x8a\x80\x80\x80\x00"])
@pytest.mark.parametrize("size", [b"\x00", b"\x80\x00", b"\x80\x80\x80\x80\x00"])
def test_a_tag_may_be_longer_than_it_needs_be(tag: bytes, size: bytes) -> None:
    data = (tag + size) * 20
    assert batch_count(data) == 20
    assert [exceeds(data, BATCH, most) for most in (19, 20)] == [True, False]


def test_bytes_within_a_house_are_no_houses() -> None:
    full = PredictBatchRequest(items=[House(rm=6)] * 10)
    data = full.SerializeToString() + delimited(200, b"\x0a" * 1000)
    assert [exceeds(data, BATCH, most) for most in (9, 10)] == [True, False]


def test_a_group_of_houses_is_counted_although_the_parser_skips_it() -> None:
    inside = delimited(1, b"") * 5
    data = varint(100 << 3 | 3) + inside + varint(100 << 3 | 4)
    assert (batch_count(data), exceeds(data, BATCH, 4)) == (0, True)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was found of each message, one by one."""
    answers: list[bool] = []
    real = wire_scan.exceeds

    def noted(data: bytes, path: tuple[int, ...], most: int) -> bool:
        answers.append(real(data, path, most))
        return answers[-1]

    monkeypatch.setattr(wire_scan, "exceeds", noted)
    return answers


EMPTY_HOUSES = {
    "as they are written": b"\x0a\x00",
    "with a longer tag": b"\x8a\x00\x00",
}


@pytest.mark.parametrize("house", EMPTY_HOUSES.values(), ids=list(EMPTY_HOUSES))
def test_4_mib_of_empty_houses_are_refused_without_being_parsed(
    serve: Serve, linear: Example, found: list[bool], house: bytes
) -> None:
    client = serve(linear.folder)
    data = house * ((FOUR_MIB - 64) // len(house))
    call = raw(client, "/housing.v1.PredictionService/PredictBatch", data)
    status = failure(call)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert reason_of(status) == "BATCH_TOO_LARGE"
    assert status.message == (
        "items: holds more than 10000 houses, which is the most; send them in parts"
    )
    assert found == [True]


def test_a_chunk_of_4_mib_of_empty_houses_is_refused_without_being_parsed(
    serve: Serve, linear: Example, found: list[bool]
) -> None:
    client = serve(linear.folder)
    rows = HouseRows(items=[House()] * 2_000_000)
    chunk = PredictStreamRequest(sequence=1, rows=rows)
    answers = client.predictions.PredictStream(iter([chunk]), timeout=SECONDS)
    status = failure(lambda: next(answers))
    assert reason_of(status) == "BATCH_TOO_LARGE"
    assert found == [True]


@pytest.mark.parametrize("path", [BATCH, ROWS])
def test_fields_beside_those_that_are_counted_have_a_limit(path: tuple[int, ...]) -> None:
    # Each takes as long to look at as a house does.
    beside = varint(100 << 3) + b"\x0a"
    assert not exceeds(beside * 1024, path, 10)
    assert exceeds(beside * 1025, path, 10)
    assert exceeds(delimited(2, b"") * 1025 + b"\x0a" * 11, ROWS, 10)
