"""Asks the bundle of each receipt for its price again."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.errors import AdminError, ExportError
from ..base.settings import Settings
from ..export.reading import Bundle, bounds, prices
from ..jobs.price_changes import bundle_of
from .opening import Fault, Opened, rows_of

Step = Callable[[str], None]
_Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """A price, and what the same bundle answers now.

    Attributes:
        opened: The receipt.
        version: Number of the version that has the bundle.
        price: What it answers now, in the target's unit.
        interval: Both ends of its interval, NaN if the receipt has none.
    """

    opened: Opened
    version: int
    price: float
    interval: _Interval

    @property
    def same(self) -> bool:
        """Whether price and interval are the same to the bit."""
        receipt = self.opened.receipt
        told = np.array([receipt.price, receipt.lower, receipt.upper])
        found = np.array([self.price, *self.interval])
        # A NaN may be written in many ways.
        return bool(np.all((told.view(np.int64) == found.view(np.int64)) | _both_nan(told, found)))

    @property
    def document(self) -> dict[str, Any]:
        """All of it, as JSON has it."""
        lower, upper = self.interval
        return {
            **self.opened.document,
            "version": str(self.version),
            "same": self.same,
            "again": {
                "price": self.price,
                "interval": None if math.isnan(lower) else {"lower": lower, "upper": upper},
            },
            "difference": self.price - self.opened.receipt.price,
        }


def replay(
    settings: Settings, found: Mapping[int, Sequence[Opened]], step: Step = lambda _: None
) -> tuple[list[Replayed], list[Fault]]:
    """Answer houses again.

    Args:
        settings: Name the registered model, and how large its bundles may be.
        found: The receipts of each version.
        step: Called with what begins, for each version.

    Returns:
        What is answered, and the receipts whose bundle cannot be had.
    """
    replayed: list[Replayed] = []
    faults: list[Fault] = []
    for number, opened in found.items():
        step(f"fetch and try version {number}")
        try:
            bundle = bundle_of(settings, number)
            replayed += _answers(number, bundle, opened)
        except AdminError as error:
            faults += [Fault(place=each.place, error=error, opened=each) for each in opened]
    return sorted(replayed, key=lambda each: each.opened.place), faults


def _answers(number: int, bundle: Bundle, opened: Sequence[Opened]) -> list[Replayed]:
    rows = rows_of(opened)
    try:
        found = prices(bundle, rows)
        ends = np.full((len(rows), 2), np.nan)
        levels = np.array([each.receipt.level for each in opened])
        for level in np.unique(levels[~np.isnan(levels)]).tolist():
            asked = levels == level
            ends[asked] = bounds(bundle, rows[asked], found[asked], level)
    except ExportError as error:
        raise ExportError(f"version {number}: {error}") from error
    return [
        Replayed(opened=each, version=number, price=price, interval=(lower, upper))
        for each, price, (lower, upper) in zip(opened, found.tolist(), ends.tolist(), strict=True)
    ]


def _both_nan(one: "np.ndarray[Any, Any]", other: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    return np.asarray(np.isnan(one) & np.isnan(other))
