"""Houses as callers have them, and what is wrong with one before it is sent."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from housing.v1 import prediction_pb2 as pb
from housing_table.columns import TARGET, meaning

from .errors import FieldViolation, InvalidArgumentError

FEATURES: tuple[str, ...] = tuple(field.json_name for field in pb.House.DESCRIPTOR.fields)

# By every spelling in lower case: the name of the field is that of the feature.
_FIELDS = {name.lower(): name for name in FEATURES}

# The usual two of those, to look them up as they are.
_SPELLINGS = {spelling: name.lower() for name in FEATURES for spelling in (name, name.lower())}

# Types that can be made a number, but are none; those of numpy, too.
_NO_NUMBERS = frozenset(
    {"bool", "bool_", "str", "str_", "bytes", "bytes_", "complex64", "complex128", "clongdouble",
     "complex256", "datetime64", "timedelta64"}
)  # fmt: skip

HouseLike = Mapping[str, Any] | object


@dataclass(frozen=True, init=False, slots=True)
class House:
    """One house; a feature that is None is filled in by the model's preprocessing.

    Args:
        **features: By their names in the dataset or in lower case: `House(RM=6.5, lstat=5)`.

    Raises:
        TypeError: One is unknown, or given in both spellings.
    """

    crim: float | None
    zn: float | None
    indus: float | None
    chas: float | None
    nox: float | None
    rm: float | None
    age: float | None
    dis: float | None
    rad: float | None
    tax: float | None
    ptratio: float | None
    b: float | None
    lstat: float | None

    def __init__(self, **features: float | None) -> None:
        found = {_SPELLINGS.get(name, name): value for name, value in features.items()}
        if len(found) < len(features):
            raise TypeError("a feature is given twice, in different spellings")
        unknown = [name for name in found if name not in _FIELDS]
        if unknown:
            raise TypeError(f"a house has no feature {unknown[0]!r}")
        for name in _FIELDS:
            object.__setattr__(self, name, found.get(name))


def read(house: HouseLike, ignore: Collection[str] = ()) -> dict[str, float]:
    """Returns the features that are set, by the names of the contract's fields.

    Args:
        house: A mapping from names in any case, or an object with such
            attributes (a `House`, a named tuple, a dataclass, a message).
        ignore: Names that may be there and mean nothing, in lower case.

    Raises:
        InvalidArgumentError: A name is no feature, or a value is no number.
    """
    if type(house) is dict and (plain := _plain(house)) is not None:
        return plain
    found: dict[str, float] = {}
    for name, value in _items(house):
        field = _SPELLINGS.get(name) or _field(name, ignore)
        if field is None or value is None:
            continue
        if field in found:
            _refuse("DUPLICATE_FEATURE", _FIELDS[field], "is given twice, in different spellings")
        found[field] = value if type(value) is float else number(value, _FIELDS[field])
    return found


def number(value: object, name: str, remedy: str = "send a number, or leave it out") -> float:
    """Returns a value as a number.

    Args:
        value: Of any type.
        name: Of the feature.
        remedy: What to do if it is none.

    Raises:
        InvalidArgumentError: It is none, or too large for one.
    """
    # A truth value is no quantity, even where 0 and 1 are the choices.
    if type(value).__name__ in _NO_NUMBERS or not hasattr(value, "__float__"):
        _refuse("NOT_A_NUMBER", name, f"is {_shown(value)}; {remedy}")
    try:
        return float(value)
    except OverflowError:
        _refuse("FEATURE_NOT_FINITE", name, "is too large; send a finite number, or leave it out")
    except (TypeError, ValueError):
        _refuse("NOT_A_NUMBER", name, f"is {_shown(value)}; {remedy}")


def to_row(features: Mapping[str, float]) -> list[float]:
    """Returns 13 numbers in the order of FEATURES, NaN where one is missing.

    Raises:
        InvalidArgumentError: One is NaN itself, or there is none at all.
    """
    for field, value in features.items():
        if math.isnan(value):
            text = "is not finite; send a finite number, or leave it out"
            _refuse("FEATURE_NOT_FINITE", _FIELDS[field], text)
    return [features.get(field, math.nan) for field in _FIELDS]


def _plain(house: dict[Any, Any]) -> dict[str, float] | None:
    """Reads what most houses are, four times as fast: usual names, and floats alone."""
    try:
        found = {_SPELLINGS[name]: value for name, value in house.items()}
    except KeyError:
        return None
    return found if len(found) == len(house) and {*map(type, found.values())} <= {float} else None


def field_of(name: str) -> str | None:
    """Returns the contract's field that a name means, in any case or by another name in use."""
    found = _SPELLINGS.get(name) or meaning(name.lower())
    return None if found is None or found == TARGET else found.lower()


def is_ignored(name: str, ignore: Collection[str]) -> bool:
    """Returns whether a name that is no feature is one of those that mean nothing."""
    is_price = TARGET.lower() in ignore and meaning(name.lower()) == TARGET
    return is_price or name.lower() in ignore


def _field(name: object, ignore: Collection[str]) -> str | None:
    text = name if isinstance(name, str) else ""
    found = field_of(text)
    if found is None and not is_ignored(text, ignore):
        _refuse(
            "UNKNOWN_FEATURE",
            shortened(str(name)),
            f"is no feature; there are {', '.join(FEATURES)}",
        )
    return found


def _items(house: HouseLike) -> Iterator[tuple[Any, Any]]:
    if isinstance(house, Mapping):
        yield from house.items()
        return
    if callable(getattr(house, "keys", None)) and hasattr(house, "__getitem__"):
        # A Series of pandas or a row of sqlite3: all of its names are to be known.
        yield from ((name, house[name]) for name in house.keys())  # type: ignore[attr-defined]  # noqa: SIM118
        return
    if isinstance(house, pb.House):
        yield from ((field.name, value) for field, value in house.ListFields())
        return
    names = [name for name in (*_FIELDS, *FEATURES) if hasattr(house, name)]
    if not names:
        raise InvalidArgumentError(
            f"is {_shown(house)}, which is no house; give a mapping of features, or an object "
            "that has them as attributes",
            reason="NOT_A_HOUSE",
        )
    yield from ((name, getattr(house, name)) for name in names)


def _refuse(reason: str, name: str, description: str) -> NoReturn:
    violation = FieldViolation(field=name, description=description)
    raise InvalidArgumentError(f"{name} {description}", reason=reason, violations=(violation,))


def _shown(value: object) -> str:
    return shortened(repr(value))


def shortened(text: str) -> str:
    """Returns a text as it may stand in a message."""
    return text if len(text) <= 40 else f"{text[:37]}..."
