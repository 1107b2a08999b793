"""Protobuf's wire format, as strictly as it is read here."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from housing_grpc.bundle.onnx.errors import ForeignGraphError, GraphError
from housing_grpc.bundle.onnx.wire import fields
from tests.support.varints import varint

KEY, OTHER = 8 << 3, 3 << 3
LARGEST = 2**63 - 1


def run(numbers: list[int]) -> bytes:
    return b"".join(bytes([KEY]) + varint(number) for number in numbers)


@given(st.lists(st.integers(0, LARGEST), min_size=1))
@example([0, 127, 128, 2**14, LARGEST])
@settings(deadline=None)
def test_what_follows_each_other_is_one_array(numbers: list[int]) -> None:
    data = memoryview(run(numbers) + bytes([OTHER, 5]) + run(numbers[:1]))
    (first, found), (other, five), (again, single) = fields(data, run=8)
    assert (first, other, again, five) == (8, 3, 8, 5)
    assert isinstance(found, np.ndarray)
    assert isinstance(single, np.ndarray)
    assert found.dtype == np.int64
    assert (found.tolist(), single.tolist()) == (numbers, numbers[:1])


@given(st.lists(st.integers(0, LARGEST), min_size=1), st.integers(1, 9))
@settings(deadline=None)
def test_what_is_cut_off_is_refused(numbers: list[int], missing: int) -> None:
    last = varint(numbers[-1])
    data = run(numbers)[: -min(missing, len(last))]
    with pytest.raises(GraphError, match="no end"):
        list(fields(memoryview(data), run=8))


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (varint(2**63), "below zero, or too large"),
        (varint(2**64 - 1), "below zero, or too large"),
        (b"\x80\x00", "longer than it has to be"),
        (b"\x81\x80\x00", "longer than it has to be"),
    ],
    ids=["2^63", "below zero", "0 in two octets", "1 in three octets"],
)
def test_a_number_has_one_way_to_be_written(octets: bytes, text: str, place: int) -> None:
    entries = [run([1]), run([300])]
    entries.insert(place, bytes([KEY]) + octets)
    alone = bytes([OTHER]) + octets + run([1])
    for data in (b"".join(entries), alone):
        with pytest.raises(ForeignGraphError, match=text):
            list(fields(memoryview(data + bytes(10)), run=8))


@pytest.mark.parametrize(
    "data",
    [b"\x19" + bytes(8), b"\x1d" + bytes(4), b"\x1b\x1c"],
    ids=["eight bytes", "four bytes", "group"],
)
def test_types_that_the_export_does_not_use_are_refused(data: bytes) -> None:
    with pytest.raises(ForeignGraphError, match="field 3 of a type that is not used"):
        list(fields(memoryview(data)))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_whatever_the_bytes_are_it_ends(data: bytes) -> None:
    try:
        found = list(fields(memoryview(bytes([KEY]) + data), run=8))
    except GraphError:
        return
    assert found[0][0] == 8
