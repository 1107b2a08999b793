"""Houses as JSON texts; what is wrong with one has the reasons and the words of the REST proxy."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from math import inf
from typing import Any

from .errors import FieldViolation, InvalidArgumentError
from .house import FEATURES, field_of, is_ignored

# So many faults of a house are named, and so many unknown names compared with those that there are.
_MOST = 20
_MOST_HINTS = 3
_LONGEST_MEANT = 40
_LONGEST_SHOWN = 60
_LONGEST = 500
# Longer whole numbers are above all that a double holds.
_MOST_DIGITS = 300
_BY_LOWER = {name.lower(): name for name in FEATURES}

Fault = tuple[str, str, str]


class _Twice(dict[str, Any]):
    """An object in which a name comes twice."""

    name: str


class _NotFinite(str):
    """A number that is none, as it is written, such as NaN."""

    __slots__ = ()


def parse(text: str) -> Any:
    """Returns what JSON says, for `check`.

    Raises:
        InvalidArgumentError: It is none.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = f"{error.msg} at line {error.lineno}, column {error.colno}"
        refusal = f"the house is not JSON: {what}", "JSON_MALFORMED"
    except RecursionError:
        refusal = "the JSON is nested too deeply", "JSON_TOO_DEEP"
    raise InvalidArgumentError(refusal[0], reason=refusal[1])


def check(house: Any, ignore: Collection[str] = ()) -> None:
    """Checks that what `parse` has returned is a house; null is a missing value.

    Args:
        house: The object.
        ignore: Names that may be there and mean nothing, in lower case.

    Raises:
        InvalidArgumentError: It is none; all its faults are named.
    """
    if not isinstance(house, dict):
        raise _refusal([("house", "JSON_WRONG_TYPE", f"is {_described(house)}; send an object")])
    faults = list(_faults(house, ignore))
    if faults:
        raise _refusal(faults[:_MOST])


def _faults(house: Mapping[str, Any], ignore: Collection[str]) -> Iterator[Fault]:
    if isinstance(house, _Twice):
        yield _twice(house.name)
    found: set[str] = set()
    hints = _MOST_HINTS
    for name, value in house.items():
        field = field_of(name)
        if field is None:
            if not is_ignored(name, ignore):
                yield _unknown(name, hinted=hints > 0)
                hints -= 1
        elif value is not None:
            if field in found:
                yield _twice(name)
            found.add(field)
            # Nothing is wrong with most.
            if type(value) is not float or abs(value) == inf:
                yield from _fault_of(name, value)


def _fault_of(name: str, value: Any) -> Iterator[Fault]:
    if isinstance(value, _NotFinite) or value in (inf, -inf):
        what = str(value) if isinstance(value, _NotFinite) else "too large"
        yield _shown(name), "JSON_NOT_FINITE", f"is {what}; send a finite number, or leave it out"
    elif type(value) is not int:
        remedy = "send a number without quotes" if isinstance(value, str) else "send a number"
        yield _shown(name), "JSON_WRONG_TYPE", f"is {_described(value)}; {remedy}"


def _twice(name: str) -> Fault:
    return _shown(name), "JSON_DUPLICATE_KEY", "is there twice; send it once"


def _unknown(name: str, *, hinted: bool) -> Fault:
    short = hinted and len(name) <= _LONGEST_MEANT
    near = get_close_matches(name.casefold(), _BY_LOWER, n=1) if short else []
    there_are = f"there are: {', '.join(FEATURES)}"
    hint = f'did you mean "{_BY_LOWER[near[0]]}"?' if near else there_are
    return _shown(name), "JSON_UNKNOWN_FIELD", f"is not a field here; {hint}"


def _described(value: Any) -> str:
    for constant, text in ((None, "null"), (True, "true"), (False, "false")):
        if value is constant:
            return text
    kinds = ((_NotFinite, "a number"), (str, "a text"), (dict, "an object"), (list, "a list"))
    return next((text for kind, text in kinds if isinstance(value, kind)), "a number")


def _shown(name: str) -> str:
    plain = ascii(name)[1:-1]
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}..."


def _refusal(faults: list[Fault]) -> InvalidArgumentError:
    violations = tuple(FieldViolation(field=name, description=text) for name, _, text in faults)
    message = "; ".join(f"{each.field} {each.description}" for each in violations)
    return InvalidArgumentError(message[:_LONGEST], reason=faults[0][1], violations=violations)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    marked, times = _Twice(found), Counter(name for name, _ in pairs)
    marked.name = next(name for name, count in times.items() if count > 1)
    return marked


def _integer(text: str) -> int | _NotFinite:
    return int(text) if len(text) <= _MOST_DIGITS else _NotFinite("too large")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_NotFinite, parse_int=_integer
)
