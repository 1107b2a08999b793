"""Says where a history is not whole, and where an alias was moved without an entry."""

from collections.abc import Iterator, Mapping

from housing_grpc.registry import history
from housing_grpc.registry.history import PENDING, VOID

from .chain import Chain, Kept
from .entry import Entry


def problems(chain: Chain, named: Mapping[str, int]) -> list[str]:
    """Return what is wrong with a history, one line each; none if it is whole.

    Args:
        chain: The history.
        named: The version that each alias names.
    """
    # In one pass: there may be as many aliases as entries.
    of_alias: dict[str, list[Kept]] = {}
    for each in chain.kept:
        if each.entry:
            of_alias.setdefault(each.entry.alias, []).append(each)
    parts = [(alias, Chain(kept=tuple(kept))) for alias, kept in sorted(of_alias.items())]
    return [
        *(f"the tag {key} is no entry" for key in chain.foreign),
        *_breaks(chain),
        *(text for _, part in parts for text in _moves(part)),
        *filter(None, (moved_by_hand(part, alias, named.get(alias)) for alias, part in parts)),
    ]


def moved_by_hand(chain: Chain, alias: str, current: int | None) -> str | None:
    """Return what to say of an alias that names another version than its last entry, or None."""
    last = history.moved_by_hand(chain.entries, alias, current)
    if last is None:
        return None
    names = "no version" if current is None else f"version {current}"
    return (
        f"{alias} was moved by hand: it names {names}, and entry {last.sequence} let it name"
        f" version {last.to_version}"
    )


def _breaks(chain: Chain) -> Iterator[str]:
    places: dict[int, list[Kept]] = {}
    for each in chain.kept:
        places.setdefault(each.sequence, []).append(each)
    last = 0
    for sequence, here in places.items():
        if sequence > last + 1:
            gap = f"{last + 1}" if sequence == last + 2 else f"{last + 1} to {sequence - 1}"
            yield f"missing in the chain: {gap}"
        last = sequence
        before = {each.digest for each in places.get(sequence - 1, [])}
        for each in here:
            if each.entry is None:
                yield f"entry {sequence} cannot be read"
            elif sequence == 1 and each.entry.before:
                yield "entry 1 follows another, which is missing"
            elif before and each.entry.before not in before:
                yield f"entry {sequence - 1} was changed, or entry {sequence} was"
        if len([each for each in here if each.entry and each.entry.outcome != VOID]) > 1:
            yield f"entry {sequence} is there more than once"


def _moves(chain: Chain) -> Iterator[str]:
    """Yield where the alias of a history was moved by hand between two entries."""
    last: Entry | None = None
    for each in chain.entries:
        if each.outcome in (VOID, PENDING):
            continue
        if last is not None and each.from_version != last.to_version:
            names = "no version" if each.from_version is None else f"version {each.from_version}"
            yield (
                f"{each.alias} was moved by hand between entries {last.sequence} and"
                f" {each.sequence}: from version {last.to_version} to {names}"
            )
        last = each
