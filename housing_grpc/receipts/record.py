"""What a receipt holds, and how that is laid out in bytes."""

import struct
from collections.abc import Callable
from enum import IntEnum

import msgspec

from housing_grpc.bundle.schema import FEATURE_NAMES

DIGEST_DIGITS = 16
"""So much of a bundle's digest is in a receipt: it tells models of one registry apart."""

_SCHEMA_DIGITS = 8
# Digests and version.
_MODEL = struct.Struct(f"<{DIGEST_DIGITS // 2}s{_SCHEMA_DIGITS // 2}sI")
# The model, the time, the house, the price, its interval and the level of that, and who answered.
_LAYOUT = struct.Struct(f"<{_MODEL.size}sQ{8 * len(FEATURE_NAMES)}s4dB")
SIZE = _LAYOUT.size
_MOST_VERSION = 2**32 - 1


class Variant(IntEnum):
    """Which of the models that share the calls gave a price."""

    CHAMPION = 1
    CHALLENGER = 2


class Model(msgspec.Struct, frozen=True):
    """The model that gave a price, as its receipts name it.

    Attributes:
        digest: First 16 hexadecimal digits of the digest of its bundle.
        schema: First 8 hexadecimal digits of the digest of its schema.
        version: The registry's, or 0 for a bundle that did not come from a registry.
    """

    digest: str
    schema: str
    version: int

    @classmethod
    def of(cls, digest: str, schema: str, version: str) -> "Model":
        """Names a model.

        Args:
            digest: Of its bundle.
            schema: Of its schema.
            version: Its version, a number or not.
        """
        number = int(version) if version.isdecimal() and version.isascii() else 0
        number = number if number <= _MOST_VERSION else 0
        return cls(digest[:DIGEST_DIGITS], schema[:_SCHEMA_DIGITS], number)

    def pack(self) -> bytes:
        """Returns it as the bytes that `Receipt.unpack` reads."""
        return _MODEL.pack(bytes.fromhex(self.digest), bytes.fromhex(self.schema), self.version)

    @classmethod
    def unpack(cls, data: bytes) -> "Model":
        """Reads what `pack` wrote."""
        digest, schema, version = _MODEL.unpack(data)
        return cls(digest.hex(), schema.hex(), version)


pack: Callable[[bytes, int, bytes, float, float, float, float, int], bytes] = _LAYOUT.pack
"""Returns the bytes of a receipt, for which none has to be made: of its packed model, the time, the
house, price, lower end, upper end, level and variant, as the attributes of a receipt are."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A price that was given, and what for.

    Attributes:
        model: Gave it.
        priced_at: When, in nanoseconds of Unix time: that of the answer, and one more for each
            house before it in the request, so that two houses alike have two receipts.
        row: The house: float64, one for each feature, NaN where a value was missing.
        price: In the target's unit.
        lower: Lower end of its interval, NaN if it had none.
        upper: Upper end of its interval, NaN if it had none.
        level: Share of prices that the interval is to hold; NaN if it had none.
        variant: Which of several models gave it.
    """

    model: Model
    priced_at: int
    row: bytes
    price: float
    lower: float
    upper: float
    level: float
    variant: Variant = Variant.CHAMPION

    def pack(self) -> bytes:
        """Returns it as `SIZE` bytes."""
        return pack(
            self.model.pack(), self.priced_at, self.row,
            self.price, self.lower, self.upper, self.level, self.variant,
        )  # fmt: skip

    @classmethod
    def unpack(cls, data: bytes) -> "Receipt":
        """Reads what `pack` wrote.

        Raises:
            ValueError: It wrote no such thing.
        """
        try:
            model, at, row, price, lower, upper, level, variant = _LAYOUT.unpack(data)
        except struct.error as error:
            raise ValueError(str(error)) from error
        return cls(
            model=Model.unpack(model),
            priced_at=at, row=row, price=price, lower=lower, upper=upper, level=level,
            variant=Variant(variant),
        )  # fmt: skip
