"""Lets the alias name a version that servers can load."""

from collections.abc import Sequence
from dataclasses import dataclass

from housing_grpc.registry.location import BUNDLE_FOLDER, RegistryLocation

from ..base.errors import RegistryError
from .audit.chain import Chain
from .audit.decision import Decision, Moved, move
from .audit.entry import ROLLBACK
from .records import Records, Version, find_version
from .statements import Signing

LOGGED_MODEL = "models:/"
"""How the source of a version begins, before the id of its logged model."""

_METADATA = "metadata.json"
_PROMOTION = Decision()


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What a promotion is about.

    Attributes:
        candidate: The version that is to be promoted.
        champion: The one that is, or None.
    """

    candidate: Version
    champion: Version | None

    @property
    def digests(self) -> tuple[str, str]:
        """Of the two bundles; "" of none."""
        return self.candidate.digest, self.champion.digest if self.champion else ""


def promote(
    records: Records,
    location: RegistryLocation,
    number: int,
    decision: Decision = _PROMOTION,
    sides: Sides | None = None,
    *,
    signing: Signing | None = None,
) -> Moved:
    """Let the alias name a version.

    It is set in one step, so that a kill at any moment leaves the old one or the new one.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version.
        decision: What the history says of it.
        sides: What the decision rests on; None for whatever is there.
        signing: Makes a statement of it; None for none.

    Raises:
        RegistryError: There is no such version, or it has no bundle to serve, or `sides` are
            others by now.
    """

    # What is checked is what is promoted, should a backup be taken back meanwhile.
    def choose(_history: Chain, found: Sequence[Version], _current: int | None) -> Version:
        now = _sides(records, location, found, number)
        if sides is not None and now.digests != sides.digests:
            raise RegistryError(
                f"version {number} or what {location.alias} names was changed meanwhile; try again"
            )
        return now.candidate

    return move(records, location, choose, decision, signing)


def sides(records: Records, location: RegistryLocation, number: int) -> Sides:
    """Return a version that a server can load, and the one that it is to replace.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version.

    Raises:
        RegistryError: There is no such version, or it has no bundle to serve.
    """
    return _sides(records, location, records.versions(location.model_name), number)


def _sides(
    records: Records, location: RegistryLocation, found: Sequence[Version], number: int
) -> Sides:
    candidate = servable(records, location, found, number)
    champion = next((each for each in found if location.alias in each.aliases), None)
    return Sides(candidate=candidate, champion=champion)


def rollback(
    records: Records,
    location: RegistryLocation,
    number: int | None,
    reason: str,
    *,
    signing: Signing | None = None,
) -> Moved:
    """Let the alias name a version that it has named before.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version, or None for the one before the current one was promoted.
        reason: In words.
        signing: Makes a statement of it; None for none.

    Raises:
        RegistryError: The history knows no such version, or it is gone or has no bundle.
    """

    def choose(history: Chain, found: Sequence[Version], current: int | None) -> Version:
        if number is not None and not history.was(location.alias, number):
            find_version(found, location, number)
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
        return servable(records, location, found, wanted)

    decision = Decision(action=ROLLBACK, reason=reason)
    return move(records, location, choose, decision, signing)


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


def servable(
    records: Records, location: RegistryLocation, found: Sequence[Version], number: int
) -> Version:
    """Return the version of a number, which a server can load.

    Args:
        records: Of the registered model.
        location: Names it.
        found: All its versions.
        number: Of the version.

    Raises:
        RegistryError: There is none, or it has no bundle.
    """
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
