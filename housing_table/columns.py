"""Which column of a table is which."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .cells import quoted
from .errors import TableError

FEATURES = ("CRIM", "ZN", "INDUS", "CHAS", "NOX", "RM", "AGE", "DIS", "RAD", "TAX", "PTRATIO",
            "B", "LSTAT")  # fmt: skip
TARGET = "MEDV"

# Other names in use: `black` in R's MASS, `cmedv` in its mlbench, `target` and `price` elsewhere.
_OTHER_NAMES = {
    "black": "B",
    "cmedv": TARGET,
    "target": TARGET,
    "price": TARGET,
    "medval": TARGET,
    "medianvalue": TARGET,
}
_MEANINGS = {name.lower(): name for name in (*FEATURES, TARGET)} | _OTHER_NAMES
# No more of a name, and of no more names, is compared: a line may be of any kind.
_LONGEST = 100
_MOST = 1000
# What makes no difference in a name.
_NOTHING = {ord(sign): None for sign in " _.-"}
# From here on, two names are taken for one and a misspelling of it.
_CLOSE = 0.8
_LISTED = 10
_ONE_CELL = "the header is one cell: separate the cells with commas, semicolons or tabs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Columns:
    """The columns of a table.

    Attributes:
        width: How many there are.
        places: Of each feature that is there, in the order of the table, and then of the price
            if it was asked for.
        kept: Places of those that are to be handed on as they are.
        notes: What was renamed, left out or is missing: one line each, for people.
    """

    width: int
    places: Mapping[str, int]
    kept: tuple[int, ...]
    notes: tuple[str, ...]


def meaning(name: str) -> str | None:
    """Returns the feature, or the price, that a column's name means, or None."""
    return _MEANINGS.get(_plain(name))


def to_price(
    names: Sequence[str], *, ignore: Collection[str] = (), keep: Sequence[str] = ()
) -> Columns:
    """Returns the columns of houses that are to be priced, of which one feature is enough.

    Args:
        names: Of all columns.
        ignore: Names of columns to leave out without a word.
        keep: Names of columns to hand on.

    Raises:
        TableError: No column is a feature, or two are the same, a name is close to that of a
            feature that is not there, or a column to be kept is not there; all at once.
    """
    ignored = {_plain(name) for name in (TARGET, *ignore)}
    found = _Found(names, ignored, {_plain(name) for name in keep})
    places = {name: place for name, place in found.places.items() if name != TARGET}
    missing = [name for name in FEATURES if name not in places]
    faults = found.twice() + found.close_to(missing)
    if not places:
        hint = _ONE_CELL if len(names) == 1 else _there_are()
        text = f"no column is a feature: {listed(list(names))}; {hint}"
        faults.insert(0, (_first(names), text))
    kept = []
    for name in keep:
        same = [place for place, other in enumerate(names) if _plain(other) == _plain(name)]
        kept += same[:1]
        if len(same) != 1:
            what = "stands there more than once" if same else "is not there to be kept"
            faults.append((name, f"column {quoted(name)} {what}"))
    _raise(faults)
    notes = found.notes()
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        notes.append(f"{', '.join(missing)} {verb} in no row: filled in by the model")
    return Columns(width=len(names), places=places, kept=tuple(kept), notes=tuple(notes))


def to_train(names: Sequence[str]) -> Columns:
    """Returns the columns of houses to learn from, which need every feature and the price.

    Args:
        names: Of all columns.

    Raises:
        TableError: A column is missing, or two are the same; all at once.
    """
    found = _Found(names, set(), set())
    missing = [name for name in (*FEATURES, TARGET) if name not in found.places]
    faults = found.twice()
    close = found.close_to(missing)
    if missing:
        plural, them = ("s", "them") if len(missing) > 1 else ("", "it")
        text = f"missing column{plural} {', '.join(missing)}"
        if len(names) == 1:
            text += f"; {_ONE_CELL}"
        elif len(missing) > len(FEATURES):
            text += f"; name the columns so: there are {listed(list(names))}"
        elif not close:
            text += f"; add {them} to the file{found.to_rename()}"
        faults.insert(0, (missing[0], text))
        faults += close
    _raise(faults)
    places = {name: found.places[name] for name in sorted(found.places, key=found.places.get)}  # type: ignore[arg-type]
    places[TARGET] = places.pop(TARGET)
    return Columns(width=len(names), places=places, kept=(), notes=tuple(found.notes()))


def listed(names: Sequence[str]) -> str:
    """Joins names for a message; a long name or a long list is cut."""
    shown = [quoted(name) if name else "(no name)" for name in names[:_LISTED]]
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join(shown + more)


class _Found:
    """What the names of the columns mean, before anything is asked of them.

    A name that is a column's own goes before another name for it, such as MEDV before CMEDV.
    """

    def __init__(self, names: Sequence[str], ignored: set[str], kept: set[str]) -> None:
        self.names = [name.lstrip("\ufeff").strip() for name in names]
        self.places: dict[str, int] = {}
        self._twice: dict[str, list[int]] = {}
        claims: dict[str, list[int]] = {}
        self.others: list[int] = []
        for place, name in enumerate(self.names):
            found = meaning(name)
            if _plain(name) in kept and found not in FEATURES:
                continue
            if found is not None and not (found == TARGET and TARGET.lower() in ignored):
                claims.setdefault(found, []).append(place)
            elif found is None and _plain(name) not in ignored:
                self.others.append(place)
        for found, places in claims.items():
            own = [place for place in places if _plain(self.names[place]) == found.lower()]
            chosen = own or places
            taken = set(chosen)
            self.places[found] = chosen[0]
            if len(chosen) > 1:
                self._twice[found] = chosen
            self.others += [place for place in places if place not in taken]
        self.others.sort()

    def twice(self) -> list[tuple[str, str]]:
        """Returns a fault for each column that is there more than once."""
        return [
            (name, f"{name} is there {len(places)} times ({self._shown(places)}): keep one")
            for name, places in self._twice.items()
        ]

    def close_to(self, missing: Sequence[str]) -> list[tuple[str, str]]:
        """Returns a fault for each name that seems to be a missing column's, misspelt."""
        by_plain = {name.lower(): name for name in missing}
        faults = []
        for place in self.others[:_MOST]:
            close = difflib.get_close_matches(
                _plain(self.names[place])[:_LONGEST], by_plain, n=1, cutoff=_CLOSE
            )
            if close:
                name = self.names[place]
                text = (
                    f"column {quoted(name)} is no feature (did you mean {by_plain.pop(close[0])}?)"
                )
                faults.append((name, f"{text}: rename it, or take it out"))
        return faults

    def to_rename(self) -> str:
        """Returns which columns a missing one may be, by another name."""
        named = [place for place in self.others if self.names[place]]
        return f", or give its name to the one that it is of {self._shown(named)}" if named else ""

    def notes(self) -> list[str]:
        """Returns what was renamed and what is not used, in a line each."""
        renamed = [
            (self.names[place], name)
            for name, place in sorted(self.places.items(), key=lambda item: item[1])
            if self.names[place] != name
        ]
        other = [f"{quoted(old)} to {new}" for old, new in renamed if old.upper() != new]
        cases = len(renamed) - len(other)
        if cases:
            other.append(f"{cases} {'names' if cases > 1 else 'name'} to upper case")
        notes = [f"columns renamed: {', '.join(other)}"] if other else []
        if self.others:
            notes.append(f"columns not used: {self._shown(self.others)}")
        return notes

    def _shown(self, places: Sequence[int]) -> str:
        return listed([self.names[place] for place in places])


def _plain(name: str) -> str:
    """Returns a name as names are compared: without a unit or words that explain it."""
    for begin in ("(", "[", " - ", ":"):
        name = name.partition(begin)[0]
    return name.lower().translate(_NOTHING)


def _first(names: Sequence[str]) -> str:
    return names[0] if names else ""


def _there_are() -> str:
    return f"there are {', '.join(FEATURES)}"


def _raise(faults: Sequence[tuple[str, str]]) -> None:
    if faults:
        raise TableError("; ".join(text for _, text in faults), tuple(name for name, _ in faults))
