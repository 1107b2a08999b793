"""Opens bundles, to ask two of them for the same prices."""

from pathlib import Path

from housing_grpc.bundle import difference
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.difference import Difference
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.metadata import IntervalFacts
from housing_grpc.bundle.model import Bundle

from ..base.errors import ExportError

__all__ = ["Bundle", "Difference", "IntervalFacts", "between", "opened"]


def opened(folder: Path, max_bytes: int) -> Bundle:
    """Return a bundle, which has answered its golden rows.

    Args:
        folder: The bundle.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: It cannot be used.
    """
    try:
        return bundle_model.load(folder, max_bytes=max_bytes)
    except BundleError as error:
        raise ExportError(f"its bundle cannot be used: {error}") from error


def between(old: Bundle, new: Bundle) -> Difference:
    """Return how the prices of two bundles differ, over the golden rows of both.

    Raises:
        ExportError: One of them gives no price.
    """
    try:
        return difference.between(old, new)
    except BundleError as error:
        raise ExportError(f"a bundle cannot be used: {error}") from error
