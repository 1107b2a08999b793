"""Opens receipts, and finds the registered version whose bundle gave each price."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.receipts.record import DIGEST_DIGITS, Receipt
from housing_grpc.receipts.sealing import Seals

from ..base.errors import AdminError, RegistryError, UsageError
from ..tracking.records import Version

_NANOS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A receipt that could be read.

    Attributes:
        place: Which of those given it is, from 1.
        receipt: What it holds.
    """

    place: int
    receipt: Receipt

    @property
    def priced_at(self) -> datetime:
        """When its price was given."""
        return datetime.fromtimestamp(self.receipt.priced_at // _NANOS, UTC)

    @property
    def house(self) -> dict[str, float]:
        """Its values that were not missing, by name."""
        named = zip(FEATURE_NAMES, np.frombuffer(self.receipt.row).tolist(), strict=True)
        return {name: value for name, value in named if not math.isnan(value)}

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        receipt = self.receipt
        return {
            "receipt": self.place,
            "priced_at": self.priced_at,
            "model_version": str(receipt.model.version) if receipt.model.version else None,
            "bundle_digest": receipt.model.digest,
            "variant": receipt.variant.name.lower(),
            "house": self.house,
            "price": receipt.price,
            "interval": None
            if math.isnan(receipt.lower)
            else {"lower": receipt.lower, "upper": receipt.upper, "level": receipt.level},
        }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a receipt could not be judged.

    Attributes:
        place: Which of those given it is, from 1.
        error: What to say, and the exit code.
        opened: What it holds, if that could be read.
    """

    place: int
    error: AdminError
    opened: Opened | None = None

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        known = self.opened.document if self.opened else {"receipt": self.place}
        return {**known, "fault": str(self.error)}


def open_all(seals: Seals, texts: Sequence[str]) -> tuple[list[Opened], list[Fault]]:
    """Return the receipts that can be read, and why others cannot."""
    opened, faults = [], []
    for place, text in enumerate(texts, 1):
        try:
            receipt = seals.open(text.strip(), f"receipt {place}")
        except ServingError as error:
            faults.append(Fault(place=place, error=UsageError(error.message)))
        else:
            opened.append(Opened(place=place, receipt=receipt))
    return opened, faults


def by_version(
    opened: Iterable[Opened], versions: Sequence[Version], name: str
) -> tuple[dict[int, list[Opened]], list[Fault]]:
    """Return the receipts of each version, and those of which there is none any more.

    A number may be another model's by now, as in a registry that was made anew: the digest decides.

    Args:
        opened: The receipts.
        versions: All of the registered model.
        name: Of the registered model.
    """
    found: dict[int, list[Opened]] = {}
    faults = []
    for each in opened:
        model = each.receipt.model
        same = [version.number for version in versions if _is_of(version, model.digest)]
        if not same:
            shown = f"version {model.version}, " if model.version else ""
            gone = RegistryError(
                f"receipt {each.place}: its bundle ({shown}digest {model.digest}...) is gone: no"
                f" version of {name} has it"
            )
            faults.append(Fault(place=each.place, error=gone, opened=each))
            continue
        number = model.version if model.version in same else same[0]
        found.setdefault(number, []).append(each)
    return found, faults


def rows_of(opened: Sequence[Opened]) -> NDArray[np.float64]:
    """Return the houses of receipts, shape (n, features), NaN where a value was missing."""
    data = b"".join(each.receipt.row for each in opened)
    return np.frombuffer(data).reshape(-1, len(FEATURE_NAMES))


def _is_of(version: Version, digest: str) -> bool:
    return version.digest[:DIGEST_DIGITS] == digest
