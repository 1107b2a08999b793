"""Lets the alias name a version that servers can load."""

from dataclasses import dataclass

from housing_grpc.registry.location import BUNDLE_FOLDER, RegistryLocation

from ..base.errors import RegistryError
from .embedded_store import alone
from .records import Records, Version, find_version

LOGGED_MODEL = "models:/"
"""How the source of a version begins, before the id of its logged model."""

_METADATA = "metadata.json"


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """What `promote` did: the version that the alias named before, or None, and names now."""

    previous: int | None
    version: int


def promote(records: Records, location: RegistryLocation, number: int) -> Promoted:
    """Let the alias name a version.

    It is set in one step, so that a kill at any moment leaves the old one or the new one.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version.

    Raises:
        RegistryError: There is no such version, or it has no bundle to serve.
    """
    # What is checked is what is promoted, should a backup be taken back meanwhile.
    with alone(location):
        found = records.versions(location.model_name)
        _check_bundle(records, location, find_version(found, location, number))
        named = (each.number for each in found if location.alias in each.aliases)
        previous = next(named, None)
        if previous != number:
            records.set_alias(location.model_name, location.alias, number)
    return Promoted(previous=previous, version=number)


def check_promoted(records: Records, location: RegistryLocation) -> int | None:
    """Return the version that the alias names, which a server can load, or None.

    Args:
        records: Of the registered model.
        location: Names it and the alias.

    Raises:
        RegistryError: It names one that has no bundle.
    """
    for version in records.versions(location.model_name):
        if location.alias in version.aliases:
            _check_bundle(records, location, version)
            return version.number
    return None


def holds_bundle(records: Records, model_id: str) -> bool:
    """Return whether a logged model holds a bundle."""
    return records.has_file(model_id, BUNDLE_FOLDER, _METADATA)


def _check_bundle(records: Records, location: RegistryLocation, version: Version) -> None:
    model_id = version.source.removeprefix(LOGGED_MODEL)
    if not version.digest or not holds_bundle(records, model_id):
        raise RegistryError(
            f"version {version.number} of {location.model_name} has no bundle, so no server could"
            " load it; promote another, see: housing-admin models"
        )
