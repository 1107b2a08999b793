"""Says for parts of the houses how far prices are off that were found out of fold."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..data.dataset import Dataset
from ..data.slices import Mask, parts
from .intervals import OutOfFoldPrices

# Of fewer, a figure says nothing.
_FEWEST_ROWS = 30

# Of the parts, in their order, as metrics are named.
_NAMES = ("price_low", "price_middle", "price_high", "blanks", "chas_1", "rad_24")


@dataclass(frozen=True, kw_only=True)
class Slice:
    """How far prices are off for a part of the houses.

    Attributes:
        name: Such as "price_low".
        described: The same for people.
        rows: How many houses.
        rmse: Root of the mean square error, in the target's unit.
        rmse_error: Its standard error.
        bias: Mean of prediction minus price, in the target's unit.
        coverage: Share of the houses whose price is within its bounds.
    """

    name: str
    described: str
    rows: int
    rmse: float
    rmse_error: float
    bias: float
    coverage: float


def measure(dataset: Dataset, held: OutOfFoldPrices) -> tuple[Slice, ...]:
    """Return the figures of all houses, and of each part of 30 or more.

    Args:
        dataset: The houses.
        held: Their prices.
    """
    return tuple(
        _measured(name, described, held, mask)
        for name, described, mask in _parts(dataset)
        if name == "all" or mask.sum() >= _FEWEST_ROWS
    )


def metrics(found: tuple[Slice, ...]) -> dict[str, float]:
    """Return the figures as MLflow gets them, which makes a group of what is before the slash."""
    return {
        f"slice_{figure}/{each.name}": getattr(each, figure)
        for figure in ("rmse", "coverage")
        for each in found
    }


def _parts(dataset: Dataset) -> Iterator[tuple[str, str, Mask]]:
    yield "all", "all houses", np.ones(len(dataset.target), dtype=bool)
    for name, (described, mask) in zip(_NAMES, parts(dataset, 0).items(), strict=True):
        yield name, described, mask


def _measured(name: str, described: str, held: OutOfFoldPrices, mask: Mask) -> Slice:
    errors = held.predicted[mask] - held.actual[mask]
    rmse = math.sqrt(float((errors**2).mean()))
    # That of the mean square error, by the slope of the root.
    error = float((errors**2).std()) / math.sqrt(len(errors)) / (2 * rmse) if rmse else 0.0
    return Slice(
        name=name,
        described=described,
        rows=len(errors),
        rmse=rmse,
        rmse_error=error,
        bias=float(errors.mean()),
        coverage=float(held.covered[mask].mean()),
    )
