"""The history of an alias, as the admin side keeps it in tags of the registered model.

Only what the server needs of an entry is read here; what else an entry has, and how the entries
hang together, is the admin side's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

PREFIX = "audit."
"""How the names of the tags begin."""

KEY = re.compile(r"audit\.([0-9]{6,9})\.[0-9a-f]{8}", re.ASCII)
"""Name of an entry's tag, by its place; two that are written at once have names of their own."""

PENDING = "pending"
DONE = "done"
VOID = "void"
"""What became of a decision: the alias may be moved yet, was moved, or was not."""

# As MLflow numbers versions.
_MOST = 10**18


class Move(Protocol):
    """What an entry says of an alias."""

    @property
    def sequence(self) -> int:
        """Place of the entry, from 1."""
        ...

    @property
    def alias(self) -> str:
        """That it moves."""
        ...

    @property
    def to_version(self) -> int:
        """That the alias is to name."""
        ...

    @property
    def outcome(self) -> str:
        """PENDING, DONE or VOID."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Move:
    sequence: int
    alias: str
    to_version: int
    outcome: str


def read(tags: Mapping[str, str]) -> Sequence[Move] | None:
    """Returns the entries that tags of a registered model hold, in order.

    Returns:
        None if one cannot be read: anybody may set tags, and later releases may write others.
    """
    found = [(int(key[1]), text) for name, text in tags.items() if (key := KEY.fullmatch(name))]
    try:
        return [_move(sequence, json.loads(text)) for sequence, text in sorted(found)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def moved_by_hand(entries: Sequence[Move], alias: str, named: int | None) -> Move | None:
    """Returns the entry that moved an alias last, if that names another version now, or None.

    Args:
        entries: In order.
        alias: Of the registered model.
        named: The version that it names, or None.
    """
    of_alias = [each for each in entries if each.alias == alias]
    done = [each for each in of_alias if each.outcome == DONE]
    # Who moves it at this moment has not said yet that it is done.
    waiting = {each.to_version for each in of_alias if each.outcome == PENDING}
    if not done or named == done[-1].to_version or named in waiting:
        return None
    return done[-1]


def _move(sequence: int, found: Mapping[str, object]) -> Move:
    alias, version, outcome = found["alias"], found["to_version"], found["outcome"]
    if not isinstance(alias, str) or not isinstance(outcome, str) or type(version) is not int:
        raise ValueError("it is no entry")
    if not 0 < version < _MOST:
        raise ValueError("it is the number of no version")
    return _Move(sequence=sequence, alias=alias, to_version=version, outcome=outcome)
