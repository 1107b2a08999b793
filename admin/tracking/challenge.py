"""Lets a version be compared with the one that is promoted, by servers."""

from collections.abc import Sequence
from dataclasses import replace

from housing_grpc.registry.location import (
    CHALLENGER_ALIAS,
    SHADOW_TAG,
    SHARE_TAG,
    RegistryLocation,
)

from ..base.errors import RegistryError
from .audit.chain import Chain
from .audit.decision import Decision, Moved, move
from .audit.entry import CHALLENGE, STOP
from .promotion import servable
from .records import Records, Version, find_version
from .statements import Signing


def challenge(
    records: Records,
    location: RegistryLocation,
    number: int,
    *,
    shadow: float,
    share: float,
    reason: str = "",
    signing: Signing | None = None,
) -> Moved:
    """Let a version be compared with the one that is promoted.

    A kill at any moment leaves what was compared before, nothing, or this version.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        number: Of the version.
        shadow: Share of houses that it prices besides, from 0 to 1.
        share: Share of calls that it answers, from 0 to 1; not 0 as well.
        reason: In words.
        signing: Makes a statement of it; None for none.

    Raises:
        RegistryError: There is no such version, it has no bundle to serve, or it is promoted.
    """
    name = location.model_name

    def choose(_history: Chain, found: Sequence[Version], current: int | None) -> Version:
        candidate = servable(records, location, found, number)
        if location.alias in candidate.aliases:
            raise RegistryError(
                f"{location.alias} names version {number} itself, so there is nothing to compare it"
                " with; challenge with another, see: housing-admin models"
            )
        if current != number:
            # No other version ever gets the shares that are meant for this one.
            _set_shares(records, name, 0, 0)
        return candidate

    decision = Decision(action=CHALLENGE, reason=_told(shadow, share, reason))
    done = move(records, _of_challengers(location), choose, decision, signing)
    _set_shares(records, name, shadow, share)
    return done


def stop(records: Records, location: RegistryLocation, reason: str = "") -> int:
    """Let nothing be compared any more; return the version that was.

    Args:
        records: Of the registered model.
        location: Names it.
        reason: In words.

    Raises:
        RegistryError: Nothing is.
    """
    name = location.model_name
    current = challenger(records, location)
    if current is None:
        raise RegistryError(
            f"{name} has no challenger; choose one with: housing-admin challenge VERSION"
        )
    _set_shares(records, name, 0, 0)

    def choose(_history: Chain, found: Sequence[Version], _current: int | None) -> Version:
        return find_version(found, location, current)

    move(records, _of_challengers(location), choose, Decision(action=STOP, reason=reason))
    return current


def challenger(records: Records, location: RegistryLocation) -> int | None:
    """Return the version that is compared with the one that is promoted, or None."""
    tags = records.model_tags(location.model_name)
    if tags.get(SHADOW_TAG) == tags.get(SHARE_TAG) == _NOTHING:
        return None
    found = records.versions(location.model_name)
    return next((each.number for each in found if CHALLENGER_ALIAS in each.aliases), None)


def _of_challengers(location: RegistryLocation) -> RegistryLocation:
    return replace(location, alias=CHALLENGER_ALIAS)


_NOTHING = "0"


def _set_shares(records: Records, name: str, shadow: float, share: float) -> None:
    for tag, value in ((SHADOW_TAG, shadow), (SHARE_TAG, share)):
        records.set_model_tag(name, tag, written(value))


def written(share: float) -> str:
    """Return a share as servers read it."""
    return f"{share:.9f}".rstrip("0").rstrip(".")


def _told(shadow: float, share: float, reason: str) -> str:
    shares = f"shadow {written(shadow)}, share {written(share)}"
    return f"{shares}: {reason}" if reason else shares
