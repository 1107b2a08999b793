"""One entry of the history: who let an alias name which version, when and why."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from housing_grpc.registry.history import DONE, PENDING, VOID

from ...base.errors import RegistryError, UsageError

LONGEST_REASON = 1000
"""Characters of a reason."""

LONGEST_ENTRY = 5000
"""Characters that MLflow's tables have for the value of a tag; PostgreSQL refuses more."""

OUTCOMES = (PENDING, DONE, VOID)
"""What may become of a decision."""

PROMOTE = "promote"
FORCE = "force"
ROLLBACK = "rollback"
CHALLENGE = "challenge"
STOP = "stop"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A decision about an alias.

    Attributes:
        sequence: Its place in the chain, from 1.
        at: When, as ISO 8601 in UTC.
        who: User and machine.
        action: PROMOTE, FORCE (a promotion that the gate refused) or ROLLBACK; of the alias of
            challengers CHALLENGE, or STOP, which leaves it as it is.
        alias: That it moves.
        from_version: That the alias named before, or None.
        to_version: That it is to name.
        from_digest: Of the bundle of `from_version`, or "".
        to_digest: Of the bundle of `to_version`.
        evidence_digest: Of the evidence that it rests on, or "".
        reason: In words, or "".
        before: Digest of the entry before, or "" of the first.
        outcome: PENDING, DONE or VOID.
    """

    sequence: int
    at: str
    who: str
    action: str
    alias: str
    from_version: int | None
    to_version: int
    from_digest: str
    to_digest: str
    evidence_digest: str
    reason: str
    before: str
    outcome: str

    @property
    def moment(self) -> datetime:
        """When, in UTC."""
        return datetime.fromisoformat(self.at).astimezone(UTC)


# Of a version, as databases have it; and more places than a history can have.
_LARGEST = 2**31 - 1

_TYPES = {each.name: each.type for each in fields(Entry)}


def written(entry: Entry) -> str:
    """Return the text that is kept of an entry.

    Raises:
        RegistryError: It is longer than a tag may be.
    """
    text = _text(entry)
    if len(text) > LONGEST_ENTRY:
        raise RegistryError(
            f"the entry for version {entry.to_version} would have {len(text):,} characters, and"
            f" MLflow keeps {LONGEST_ENTRY:,} of a tag; use shorter names"
        )
    return text


def read(text: str) -> Entry | None:
    """Return the entry that a text is, or None if it is none: anybody may set tags.

    What is an entry can be written again, with another outcome.
    """
    if len(text) > LONGEST_ENTRY:
        return None
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.keys() != _TYPES.keys():
            return None
        if not all(_is(value, _TYPES[name]) for name, value in found.items()):
            return None
        entry = Entry(**found)
        known = entry.outcome in OUTCOMES and entry.moment is not None
        # An escape may stand for half a character, which nobody can write.
        known = known and _text(entry).encode() == text.encode()
    except (ValueError, OverflowError, RecursionError):
        return None
    return entry if known else None


def _text(entry: Entry) -> str:
    return json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":"))


def digest(text: str) -> str:
    """Return the digest of an entry's text, which the next entry holds."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def checked_reason(text: str) -> str:
    """Return a reason as one line.

    Raises:
        UsageError: It is too long, or holds what cannot be printed.
    """
    line = " ".join(text.split())
    if len(line) > LONGEST_REASON:
        raise UsageError(
            f"--reason has {len(line):,} characters; give at most {LONGEST_REASON:,}, such as a"
            " link to more"
        )
    if not line.isprintable():
        raise UsageError("--reason holds characters that cannot be printed; leave them out")
    return line


def _is(value: object, kind: object) -> bool:
    if kind is str:
        return isinstance(value, str)
    if value is None:
        return kind is not int
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST
