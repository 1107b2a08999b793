"""What a house sold for, as the store takes it and gives it back."""

import time
from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from housing_grpc.challenger.rivals import Rival
from housing_grpc.receipts.record import Receipt

Numbers = NDArray[np.float64]


class Recorded(IntEnum):
    """What was done with an outcome; the numbers are those of the contract."""

    NOT_FOUND = 0
    """Nothing: it was to be retracted, and was never recorded."""
    NEW = 1
    SAME = 2
    CORRECTED = 3
    RETRACTED = 4


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one house sold for, or that what was said of it counts no more.

    Attributes:
        id: Of its receipt.
        receipt: What the receipt holds.
        actual: The true price, in the target's unit.
        observed_at: When it was sold, in microseconds of Unix time; None if that is not known.
        source: Who says so.
        retract: Whether to take the outcome back.
        rival: What the other one of two models says of the house, if two are compared.
    """

    id: bytes
    receipt: Receipt
    actual: float
    observed_at: int | None = None
    source: str = ""
    retract: bool = False
    rival: Rival | None = None


class Labels(msgspec.Struct, frozen=True, kw_only=True):
    """Outcomes of one model, in the order in which they were first recorded.

    Each is float64 of shape (n,); lower, upper and level are NaN where a price had no interval.
    """

    price: Numbers
    actual: Numbers
    lower: Numbers
    upper: Numbers
    level: Numbers


class ModelLabels(NamedTuple):
    """How many outcomes there are of one model, those that were retracted left out.

    Attributes:
        digest: First 16 digits of the digest of its bundle.
        version: The registry's, or 0.
        total: How many.
        latest: When one was last recorded, in microseconds of Unix time.
        moments: Another number after a correction, whatever the clock of who recorded it.
    """

    digest: str
    version: int
    total: int
    latest: int
    moments: int = 0


def now() -> int:
    """Returns this moment in microseconds of Unix time."""
    return time.time_ns() // 1000
