"""Reads bundles that were made before."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from housing_grpc.bundle import difference
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import metadata as meta
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.difference import Difference
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.metadata import IntervalFacts, Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.part_files import CARD_FILE

from ..base.errors import ExportError
from ..data.dataset import Dataset
from .probes import probes

__all__ = [
    "NEWEST_FORMAT",
    "Bundle",
    "Difference",
    "IntervalFacts",
    "between",
    "bounds",
    "metadata_of",
    "opened",
    "prices",
    "same_prices",
]

NEWEST_FORMAT = meta.FORMATS[-1]


def metadata_of(folder: Path, max_bytes: int) -> Metadata:
    """Return what a bundle says of itself.

    Args:
        folder: The bundle.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: It cannot be read.
    """
    with _usable():
        return bundle_format.read(folder, max_bytes=max_bytes).metadata


def opened(folder: Path, max_bytes: int) -> Bundle:
    """Return a bundle, which has answered its golden rows.

    Args:
        folder: The bundle.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: It cannot be used.
    """
    with _usable():
        return bundle_model.load(folder, max_bytes=max_bytes)


def prices(bundle: Bundle, rows: Rows) -> Prices:
    """Return the prices of rows, shape (n, features), in the bundle's unit.

    Raises:
        ExportError: It gives none for one of them.
    """
    with _usable():
        return bundle.predict(rows)


def bounds(bundle: Bundle, rows: Rows, found: Prices, level: float) -> Rows:
    """Return both ends of the intervals of prices, shape (n, 2), NaN where there is none.

    Args:
        bundle: That gave them.
        rows: Of the houses, shape (n, features).
        found: Their prices.
        level: Share of prices that an interval is to hold.

    Raises:
        ExportError: It gives no price for one of them.
    """
    with _usable():
        assessed = bundle.assess(rows, found, level)
    if assessed is None:
        return np.full((len(rows), 2), np.nan)
    return np.column_stack((assessed.lower, assessed.upper))


def between(old: Bundle, new: Bundle) -> Difference:
    """Return how the prices of two bundles differ, over the golden rows of both.

    Raises:
        ExportError: One of them gives no price.
    """
    with _usable():
        return difference.between(old, new)


def has_card(metadata: Metadata) -> bool:
    """Return whether a bundle lists a card."""
    return CARD_FILE in metadata.files


def digest_of(folder: Path, max_bytes: int) -> str:
    """Return the digest of a bundle that `metadata_of` has read."""
    return str(bundle_format.digest(folder, max_bytes=max_bytes))


def same_prices(one: Path, other: Path, training: Dataset, max_bytes: int) -> bool:
    """Return whether two bundles give the same prices to the bit.

    Args:
        one: The one bundle.
        other: The other.
        training: The rows that they were fitted to; as many kinds of rows are made of them as for
            an export.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: One cannot be used.
    """
    with _usable():
        first, second = (bundle_model.load(each, max_bytes=max_bytes) for each in (one, other))
        return all(
            np.array_equal(first.predict(rows), second.predict(rows))
            for rows in probes(training.features.to_numpy()).values()
        )


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except BundleError as error:
        raise ExportError(f"its bundle cannot be used: {error}") from error
