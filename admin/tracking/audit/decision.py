"""Moves an alias together with the entry that says so.

The entry comes first, as pending; then the alias; then the entry is done. Who finds a pending
entry whose writer is gone sees at the alias whether it was moved, and completes or voids it.

In a file, a lock keeps others out. An MLflow server has no lock to offer, and no write that fails
if something is there already. There, each writes an entry under a name of its own and then looks
whether another is there: of two at once, at least one sees the other, and withdraws.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from housing_grpc.registry.history import DONE, PENDING, VOID
from housing_grpc.registry.location import RegistryLocation

from ...base.errors import RegistryError
from ...base.person import user_and_host
from ..embedded_store import alone
from ..records import Records, Version
from ..statements import Signing, is_stated, withdraw
from . import chain as chains
from . import entry as entries
from .chain import Chain
from .entry import CHALLENGE, PROMOTE, STOP, Entry

_TRIES = 10
# Later than this after its entry was begun, no alias is set any more; a statement and the alias
# take another 10 s each at most ...
_FRESH_SECONDS = 10.0
# ... so that an entry of this age is pending because its writer is gone.
GONE_SECONDS = 40.0
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Why an alias is moved.

    Attributes:
        action: PROMOTE, FORCE, ROLLBACK, CHALLENGE or STOP.
        reason: In words, or "".
        evidence_digest: Of the evidence, or "".
    """

    action: str = PROMOTE
    reason: str = ""
    evidence_digest: str = ""


Choose = Callable[[Chain, Sequence[Version], int | None], Version]
"""Gives the version to name, of the history, all versions, and the one that is named."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What an alias named before and names now.

    Attributes:
        previous: The version before, or None.
        version: The one now.
        unsigned: Whether there is no statement of it, as there was of the one before.
    """

    previous: int | None
    version: int
    unsigned: bool = False


def move(
    records: Records,
    location: RegistryLocation,
    choose: Choose,
    decision: Decision,
    signing: Signing | None = None,
) -> Moved:
    """Let the alias name a version, and keep that in the history.

    Args:
        records: Of the registered model.
        location: Names it and the alias.
        choose: Gives the version; its errors leave everything as it is.
        decision: Why.
        signing: Makes a statement of it, also where the alias names that version already.

    Raises:
        RegistryError: Others promote all the time.
    """
    with alone(location):
        for _ in range(_TRIES):
            done = _try(records, location, choose, decision, signing)
            if done is not None:
                return done
            time.sleep(random.uniform(0.1, 1.0))  # noqa: S311 (so that two do not go on in step)
    raise RegistryError(f"others move {location.alias} at the same time; try again")


def _try(
    records: Records,
    location: RegistryLocation,
    choose: Choose,
    decision: Decision,
    signing: Signing | None,
) -> Moved | None:
    name, alias = location.model_name, location.alias
    history = _settled(records, location)
    if history.next_sequence > chains.LAST:
        raise RegistryError(
            f"the tag {history.kept[-1].key} of {name} stands at the last place that a history"
            " has; delete that tag in MLflow"
        )
    found = records.versions(name)
    current = next((each for each in found if alias in each.aliases), None)
    previous = None if current is None else current.number
    wanted = choose(history, found, previous)
    last = history.last(alias)
    stays = last is not None and previous == wanted.number == last.to_version
    # How a version is compared may change, though the alias names it already.
    if stays and signing is None and decision.action not in (CHALLENGE, STOP):
        return Moved(previous=previous, version=wanted.number)
    begun = time.monotonic()
    entry = Entry(
        sequence=history.next_sequence,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        who=user_and_host(),
        alias=alias,
        from_version=previous,
        to_version=wanted.number,
        from_digest="" if current is None else current.digest,
        to_digest=wanted.digest,
        before=history.head,
        outcome=PENDING,
        **asdict(decision),
    )
    key = chains.new_key(entry.sequence)
    _keep(records, name, key, entry)
    if _contested(records, name, key, entry) or time.monotonic() - begun > _FRESH_SECONDS:
        _keep(records, name, key, replace(entry, outcome=VOID))
        return None
    _let(records, name, found, entry, signing)
    _keep(records, name, key, replace(entry, outcome=DONE))
    if signing is not None:
        withdraw(records, name, found, alias, wanted.number)
    unsigned = signing is None and current is not None and is_stated(current, alias)
    return Moved(previous=previous, version=wanted.number, unsigned=unsigned)


def _let(
    records: Records,
    name: str,
    found: Sequence[Version],
    entry: Entry,
    signing: Signing | None,
) -> None:
    """Let an alias name what an entry says, by a statement where one is made.

    That comes first: who looks at the alias sees both together.
    """
    if signing is not None:
        signing.state(records, name, found, entry)
    if entry.from_version != entry.to_version:
        records.set_alias(name, entry.alias, entry.to_version)


def _settled(records: Records, location: RegistryLocation) -> Chain:
    """Return the history in which nothing is pending; what a killed command left is settled."""
    name = location.model_name
    while True:
        history = chains.read(records.model_tags(name))
        if not history.pending:
            return history
        # Who holds the lock of a file is the only one.
        if location.sqlite_file is None and max(map(_seconds_left, history.pending)) > 0:
            time.sleep(_LOOK_SECONDS)
            continue
        named = {alias: each.number for each in records.versions(name) for alias in each.aliases}
        # Of those who wrote at the same moment, at most one has moved the alias.
        taken = {
            each.sequence for each in history.kept if each.entry and each.entry.outcome == DONE
        }
        for kept in history.kept:
            entry = kept.entry
            if entry is not None and entry.outcome == PENDING:
                free = kept.sequence not in taken
                moved = free and named.get(entry.alias) == entry.to_version
                if moved:
                    taken.add(kept.sequence)
                _keep(records, name, kept.key, replace(entry, outcome=DONE if moved else VOID))


def _seconds_left(entry: Entry) -> float:
    age = (datetime.now(UTC) - entry.moment).total_seconds()
    # Clocks of two machines may differ: nobody is waited for longer than that.
    return GONE_SECONDS - age if age > -GONE_SECONDS else 0.0


def _contested(records: Records, name: str, key: str, entry: Entry) -> bool:
    """Return whether another entry stands where this one was written, or this one is lost."""
    now = chains.read(records.model_tags(name)).kept
    others = [each for each in now if each.sequence >= entry.sequence and each.key != key]
    standing = any(each.entry is None or each.entry.outcome != VOID for each in others)
    return standing or all(each.key != key for each in now)


def _keep(records: Records, name: str, key: str, entry: Entry) -> None:
    records.set_model_tag(name, key, entries.written(entry))
