"""Says how prices change from one version to another, over the golden rows of both."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from housing_grpc.bundle.schema import FEATURE_NAMES

from ..base.errors import ExportError
from ..base.settings import Settings
from ..card import Card, reading
from ..export.reading import Bundle, Difference, between, opened
from ..tracking.bundle_folder import download

T = TypeVar("T")


def price_changes(settings: Settings, old: int, new: int) -> Difference | None:
    """Return how the prices of two versions differ, or None if they are in different units.

    Args:
        settings: Names the registered model.
        old: Number of the one version.
        new: Number of the other.

    Raises:
        RegistryError: There is no such version, or MLflow does not answer.
        ExportError: A bundle cannot be used.
    """
    one, other = bundle_of(settings, old), bundle_of(settings, new)
    same = one.metadata.target.unit == other.metadata.target.unit
    return between(one, other) if same else None


def bundle_of(settings: Settings, number: int) -> Bundle:
    """Return the bundle of a version, which has answered its golden rows.

    Raises:
        RegistryError: There is no such version, or MLflow does not answer.
        ExportError: It cannot be used.
    """
    return _of_folder(settings, number, lambda folder: opened(folder, settings.max_bundle_bytes))


def bundle_and_card_of(settings: Settings, number: int) -> tuple[Bundle, Card | None]:
    """Return the bundle of a version, as `bundle_of` does, and its card if it has one.

    Raises:
        RegistryError: There is no such version, or MLflow does not answer.
        ExportError: One of the two cannot be used.
    """
    most = settings.max_bundle_bytes
    return _of_folder(settings, number, lambda folder: (opened(folder, most), reading.read(folder)))


def _of_folder(settings: Settings, number: int, read: Callable[[Path], T]) -> T:
    with tempfile.TemporaryDirectory(prefix="housing-version-") as scratch:
        folder = download(settings, number, Path(scratch))
        try:
            return read(folder)
        except ExportError as error:
            raise ExportError(f"version {number}: {error}") from error


def house(values: tuple[float | None, ...]) -> dict[str, float]:
    """Return the features of a house that are not missing, by name."""
    named = zip(FEATURE_NAMES, values, strict=True)
    return {name: value for name, value in named if value is not None and not math.isnan(value)}


def document(difference: Difference) -> dict[str, Any]:
    """Return all of it, as JSON has it."""
    return {
        "rows": difference.rows,
        "mean_change": difference.mean,
        "p99_change": difference.p99,
        "largest_change": difference.largest,
        "changes": [
            {"house": house(each.house), "a": each.price, "b": each.new_price}
            for each in difference.changes
        ],
    }
