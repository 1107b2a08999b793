"""Lets the alias name a version that servers can load."""

from collections.abc import Sequence

from housing_grpc.registry.location import BUNDLE_FOLDER, RegistryLocation

from ..base.errors import RegistryError
from .audit.chain import Chain
from .audit.decision import Decision, Moved, move
from .audit.entry import ROLLBACK
from .records import Records, Version, find_version

LOGGED_MODEL = "models:/"
"""How the source of a version begins, before the id of its logged model."""

_METADATA = "metadata.json"
_PROMOTION = Decision()


def promote(
    records: Records,
    location: RegistryLocation,
    number: int,
    decision: Decision = _PROMOTION,
) -> Moved:
    """Let the alias name a version.

    It is set in one step, so that a kill at any moment leaves the old one or the new one.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version.
        decision: What the history says of it.

    Raises:
        RegistryError: There is no such version, or it has no bundle to serve.
    """

    # What is checked is what is promoted, should a backup be taken back meanwhile.
    def choose(_history: Chain, found: Sequence[Version], _current: int | None) -> Version:
        return _servable(records, location, found, number)

    return move(records, location, choose, decision)


def rollback(
    records: Records, location: RegistryLocation, number: int | None, reason: str
) -> Moved:
    """Let the alias name a version that it has named before.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version, or None for the one before the current one was promoted.
        reason: In words.

    Raises:
        RegistryError: The history knows no such version, or it is gone or has no bundle.
    """

    def choose(history: Chain, found: Sequence[Version], current: int | None) -> Version:
        if number is not None and not history.was(location.alias, number):
            raise RegistryError(
                f"{location.alias} has never named version {number}; to choose it all the same:"
                f" housing-admin promote {number}"
            )
        wanted = history.before(location.alias, current) if number is None else number
        if wanted is None:
            raise RegistryError(
                f"the history of {location.alias} knows no version before this one; see:"
                " housing-admin history"
            )
        return _servable(records, location, found, wanted)

    return move(records, location, choose, Decision(action=ROLLBACK, reason=reason))


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


def _servable(
    records: Records, location: RegistryLocation, found: Sequence[Version], number: int
) -> Version:
    version = find_version(found, location, number)
    _check_bundle(records, location, version)
    return version


def _check_bundle(records: Records, location: RegistryLocation, version: Version) -> None:
    model_id = version.source.removeprefix(LOGGED_MODEL)
    if not version.digest or not holds_bundle(records, model_id):
        raise RegistryError(
            f"version {version.number} of {location.model_name} has no bundle, so no server could"
            " load it; promote another, see: housing-admin models"
        )
