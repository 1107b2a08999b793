"""What is sealed is opened again, and nothing else is."""

import base64
import math
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.receipts.record import SIZE, Model, Receipt, Variant
from housing_grpc.receipts.sealing import LENGTH, SealingKeyError, Seals, key_id
from tests.support.errors import raised

KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
SEALS = Seals([KEY])
RECEIPT = Receipt(
    model=Model.of("0123456789abcdef" * 4, "fedcba98" * 8, "12"),
    priced_at=1_700_000_000_123_456_789,
    row=struct.pack("<13d", *range(13)),
    price=22.5,
    lower=18.25,
    upper=27.75,
    level=0.9,
)
TEXT = SEALS.seal(RECEIPT.pack())
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def reason(seals: Seals, text: str) -> Reason:
    error = raised(ServingError, seals.open, text, "items[3].receipt")
    assert error.message.startswith("items[3].receipt ")
    assert [each.field for each in error.violations] == ["items[3].receipt"]
    assert len(error.message) < 300
    return error.reason


def test_a_receipt_is_240_characters_that_may_stand_in_a_url() -> None:
    assert len(TEXT) == LENGTH == 240
    assert set(TEXT) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert "=" not in TEXT


def test_what_is_sealed_is_opened() -> None:
    assert SEALS.open(TEXT, "receipt") == RECEIPT
    # Nothing of it is random: a retry is the same receipt.
    assert Seals([KEY]).seal(RECEIPT.pack()) == TEXT


@given(
    row=st.binary(min_size=104, max_size=104),
    numbers=st.tuples(FLOATS, FLOATS, FLOATS, FLOATS),
    at=st.integers(0, 2**64 - 1),
    version=st.integers(0, 2**32 - 1),
    variant=st.sampled_from(Variant),
)
def test_every_record_comes_back_to_the_bit(
    row: bytes, numbers: tuple[float, ...], at: int, version: int, variant: Variant
) -> None:
    price, lower, upper, level = numbers
    packed = Receipt(
        model=Model("00" * 8, "ff" * 4, version), priced_at=at, row=row, price=price,
        lower=lower, upper=upper, level=level, variant=variant,
    ).pack()  # fmt: skip
    assert len(packed) == SIZE
    assert SEALS.open(SEALS.seal(packed), "receipt").pack() == packed


def test_a_receipt_of_this_release_is_opened_by_later_ones() -> None:
    """Whoever changes what it holds gives it another version, and goes on reading this one."""
    assert TEXT == (
        "Ack7IIpECXumKiaLgxFEId6sV5CLO67lC8mcFMH8HbX3IB3p9v_KJ-Ucfq7gp_lTbi2ldsgJtI0p-QCYBPImxFyRge"
        "CbZRErIH3wKwioyHNjD0c6sE599NlZwGIo8XwEL4GCVFVklWQvYt0CxDmEZoGE_bme9sq6_KdSEeixl3GxtljUxWB5"
        "BtiXfXzY1BzJEUbgTG84moTJU0j-D6SqAL74HK-PMnx6372KpzFrWngL4YBX"
    )


def test_it_shows_nothing_of_what_it_holds() -> None:
    sealed = base64.urlsafe_b64decode(TEXT)[3:]
    nearly = base64.urlsafe_b64decode(
        SEALS.seal(Receipt.unpack(RECEIPT.pack()[:-1] + b"\2").pack())
    )[3:]
    assert struct.pack("<d", 22.5) not in sealed
    assert sum(one == other for one, other in zip(sealed, nearly, strict=True)) < 20


@pytest.mark.parametrize(
    "text",
    [
        "", "A", TEXT[:-1], TEXT + "A", TEXT + "=" * 4, TEXT[:-2], " " + TEXT[1:], TEXT[:-1] + "\n",
        "ä" * LENGTH, TEXT[:-1] + "ä", TEXT[:-1] + "\0", TEXT[:-1] + "+", TEXT[:-2] + "==",
        "A" * 2**20, "ä" * 2**20, TEXT * 2, "\U0001f3e0" * LENGTH, "\ud800" * LENGTH,
    ],
    ids=lambda text: f"{len(text)}-{text[:3]!a}",
)  # fmt: skip
def test_what_is_no_receipt_is_told(text: str) -> None:
    assert reason(SEALS, text) is Reason.RECEIPT_MALFORMED


def test_a_receipt_is_one_text() -> None:
    """Characters of plain base64 would make others of it, each a receipt of its own."""
    texts = [SEALS.seal(RECEIPT.pack()[:-9] + bytes([n]) + RECEIPT.pack()[-8:]) for n in range(50)]
    for text in texts:
        assert SEALS.open(text, "receipt").pack()
        for old, new in (("-", "+"), ("_", "/")):
            if old in text:
                assert reason(SEALS, text.replace(old, new)) is Reason.RECEIPT_MALFORMED
    assert any("-" in text for text in texts)
    assert any("_" in text for text in texts)


def changed(place: int, value: int) -> str:
    data = bytearray(base64.urlsafe_b64decode(TEXT))
    data[place] ^= value
    return base64.urlsafe_b64encode(bytes(data)).decode()


def test_another_version_of_the_format_is_told() -> None:
    for value in (1, 3, 0xFE):
        assert reason(SEALS, changed(0, value)) is Reason.RECEIPT_MALFORMED


def test_no_byte_can_be_changed() -> None:
    for place in range(3, 180):
        assert reason(SEALS, changed(place, 0x40)) is Reason.RECEIPT_FORGED


def test_a_key_that_is_not_here_is_told() -> None:
    assert reason(Seals([OTHER]), TEXT) is Reason.RECEIPT_FOREIGN
    for place in (1, 2):
        assert reason(SEALS, changed(place, 1)) is Reason.RECEIPT_FOREIGN


def test_a_key_of_the_same_id_does_not_open_it() -> None:
    """Who is let choose a key finds one of the same id; it opens nothing of the other's."""
    wanted = key_id(KEY)
    same = next(
        key
        for key in (number.to_bytes(32, "big") for number in range(2**32))
        if key_id(key) == wanted
    )
    assert reason(Seals([same]), TEXT) is Reason.RECEIPT_FORGED
    with pytest.raises(SealingKeyError, match="the same id; make another one"):
        Seals([KEY, same])


def test_what_is_made_up_is_told() -> None:
    head = base64.urlsafe_b64decode(TEXT)[:3]
    made_up = base64.urlsafe_b64encode(head + os.urandom(177)).decode()
    assert reason(SEALS, made_up) is Reason.RECEIPT_FORGED


def test_a_sealed_record_of_another_variant_is_told() -> None:
    assert reason(SEALS, SEALS.seal(RECEIPT.pack()[:-1] + b"\7")) is Reason.RECEIPT_FORGED


def test_the_first_key_seals_and_all_open() -> None:
    both = Seals([OTHER, KEY])
    assert both.open(TEXT, "receipt") == RECEIPT
    newer = both.seal(RECEIPT.pack())
    assert Seals([OTHER]).open(newer, "receipt") == RECEIPT
    assert reason(SEALS, newer) is Reason.RECEIPT_FOREIGN


@pytest.mark.parametrize(
    ("version", "number"),
    [("7", 7), ("", 0), ("local", 0), ("٣", 0), (str(2**32), 0), (str(2**32 - 1), 2**32 - 1)],
)
def test_a_version_is_a_number_or_none(version: str, number: int) -> None:
    assert Model.of("ab" * 32, "cd" * 32, version) == Model("ab" * 8, "cd" * 4, number)


def test_bytes_of_another_size_are_no_record() -> None:
    for data in (b"", RECEIPT.pack()[:-1], RECEIPT.pack() + b"\0"):
        with pytest.raises(ValueError, match="unpack"):
            Receipt.unpack(data)
    assert math.isfinite(Receipt.unpack(RECEIPT.pack()).price)
