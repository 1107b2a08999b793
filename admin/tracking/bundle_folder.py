"""Fetches the bundle of a registered version, as servers do."""

from pathlib import Path

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.registry_source import RegistrySource

from ..base.errors import ExportError, RegistryError
from ..base.settings import Settings

_SECONDS = 60.0


def download(settings: Settings, number: int, folder: Path) -> Path:
    """Return the bundle of a version, whose digest is the registered one.

    Whoever writes to a registry chooses what lies there and where: as for a server, sizes and
    addresses have bounds, and it is fetched in a process of its own.

    Args:
        settings: Names the registered model, and how large its bundles may be.
        number: Of the version.
        folder: To fetch it to.

    Raises:
        ExportError: It has no bundle that a server would take.
        RegistryError: MLflow or its store does not deliver.
    """
    source = RegistrySource(
        settings.location,
        folder / "fetched",
        _SECONDS,
        children=Children(),
        max_bytes=settings.max_bundle_bytes,
    )
    try:
        return source.fetch(Target(version=str(number))).folder
    except ServingError as error:
        if error.reason in (Reason.REGISTRY_UNAVAILABLE, Reason.MODEL_NOT_FOUND):
            raise RegistryError(f"version {number}: {error.message}") from error
        raise ExportError(f"the bundle cannot be used: {error.message}") from error
