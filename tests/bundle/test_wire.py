"""Integers on the wire, as many as a model has."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from housing_grpc.bundle import built
from housing_grpc.bundle.wire import fields

KEY, OTHER = 8 << 3, 3 << 3
LARGEST = 2**63 - 1
pytestmark = pytest.mark.skipif(
    built.read_integers is None, reason="needs the functions in C: install a compiler first"
)


def varint(number: int) -> bytes:
    octets = bytearray()
    while number >= 0x80:
        octets.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*octets, number))


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
    with pytest.raises(ValueError, match="no end, or is below zero"):
        list(fields(memoryview(data), run=8))


@pytest.mark.parametrize("number", [2**63, 2**64 - 1], ids=["2^63", "below zero"])
def test_what_is_below_zero_or_too_large_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="no end, or is below zero"):
        list(fields(memoryview(run([1, number, 1])), run=8))


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_whatever_the_bytes_are_it_ends(data: bytes) -> None:
    try:
        found = list(fields(memoryview(bytes([KEY]) + data), run=8))
    except ValueError:
        return
    assert found[0][0] == 8


def test_a_start_beyond_the_end_is_refused() -> None:
    assert built.read_integers is not None
    for start in (-1, 2, 3):
        with pytest.raises(ValueError, match="out of bounds"):
            built.read_integers(memoryview(b"\x40\x01"), start)
