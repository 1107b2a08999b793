"""The entries that a registered model's tags hold, in their order."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from housing_grpc.registry.history import DONE, KEY, PENDING, PREFIX, VOID

from . import entry as entries
from .entry import ROLLBACK, Entry

LAST = 999_999_999
"""Place of the last entry that a history can have."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a tag holds.

    Attributes:
        key: Name of the tag.
        sequence: Place in the chain, by the name.
        text: Of the entry.
        entry: The entry, or None if the text is none.
    """

    key: str
    sequence: int
    text: str
    entry: Entry | None

    @property
    def digest(self) -> str:
        """Of the text."""
        return entries.digest(self.text)


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The history.

    Attributes:
        kept: What tags hold, in order.
        foreign: Names of tags that begin like those of entries, and are none.
    """

    kept: tuple[Kept, ...]
    foreign: tuple[str, ...] = ()

    @property
    def entries(self) -> list[Entry]:
        """The entries that can be read, in order."""
        return [each.entry for each in self.kept if each.entry]

    @property
    def pending(self) -> list[Entry]:
        """Those whose outcome is not known yet."""
        return [each for each in self.entries if each.outcome == PENDING]

    @property
    def next_sequence(self) -> int:
        """Place of the next entry."""
        return self.kept[-1].sequence + 1 if self.kept else 1

    @property
    def head(self) -> str:
        """Digest of the last entry, or "" if there is none."""
        last = [each for each in self.kept if each.sequence == self.kept[-1].sequence]
        # Of those who wrote at the same moment, at most one has moved the alias.
        standing = [each for each in last if each.entry and each.entry.outcome != VOID]
        return (standing or last)[0].digest if last else ""

    def done(self, alias: str) -> Iterator[Entry]:
        """Yield the decisions that moved an alias, in order."""
        return (each for each in self.entries if each.outcome == DONE and each.alias == alias)

    def last(self, alias: str) -> Entry | None:
        """Return the decision that moved an alias last, or None."""
        return next(reversed(list(self.done(alias))), None)

    def before(self, alias: str, current: int | None) -> int | None:
        """Return the version that a rollback takes an alias to, or None if none is known.

        It is the one before the promotion of the current one, so that several rollbacks in turn go
        further back. From a version that nobody promoted, it is the one that was promoted last.
        """
        path: list[int] = []
        for each in self.done(alias):
            if not path and each.from_version is not None:
                path.append(each.from_version)
            if each.action == ROLLBACK and each.to_version in path:
                while path[-1] != each.to_version:
                    path.pop()
            elif not path or path[-1] != each.to_version:
                path.append(each.to_version)
        while path and path[-1] == current:
            path.pop()
        return path[-1] if path else None

    def was(self, alias: str, number: int) -> bool:
        """Return whether an alias has named a version."""
        return any(number in (each.from_version, each.to_version) for each in self.done(alias))


def read(tags: Mapping[str, str]) -> Chain:
    """Return the history that the tags of a registered model hold."""
    kept, foreign = [], []
    for key, text in sorted(tags.items()):
        found = KEY.fullmatch(key)
        if found:
            sequence, entry = int(found[1]), entries.read(text)
            entry = entry if entry and entry.sequence == sequence else None
            kept.append(Kept(key=key, sequence=sequence, text=text, entry=entry))
        elif key.startswith(PREFIX):
            foreign.append(key)
    kept.sort(key=lambda each: (each.sequence, each.key))
    return Chain(kept=tuple(kept), foreign=tuple(foreign))


def new_key(sequence: int) -> str:
    """Return the name of the tag of a new entry."""
    return f"{PREFIX}{sequence:06d}.{secrets.token_hex(4)}"
