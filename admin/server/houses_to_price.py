"""Reads the houses to be priced from flags, JSON or a file."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from housing_grpc.bundle.schema import FEATURE_NAMES

from ..base.discovery import guess
from ..base.errors import UsageError
from ..base.options import given, number_in

House = dict[str, float]

EXAMPLE: House = {
    "CRIM": 0.00632,
    "ZN": 18.0,
    "INDUS": 2.31,
    "CHAS": 0.0,
    "NOX": 0.538,
    "RM": 6.575,
    "AGE": 65.2,
    "DIS": 4.09,
    "RAD": 1.0,
    "TAX": 296.0,
    "PTRATIO": 15.3,
    "B": 396.9,
    "LSTAT": 4.98,
}


def from_flags(flags: Mapping[str, str]) -> House:
    """Return the house that flags such as `--CRIM 0.006 --rm 6.5` describe.

    Raises:
        UsageError: A flag is no feature, or its value is no number.
    """
    return _house(flags, "--", _number)


def from_json(text: str) -> list[House]:
    """Return the house, or list of houses, that JSON objects describe; null is missing.

    Raises:
        UsageError: It is not JSON, a name is no feature, or a value is no number.
    """
    try:
        found = json.loads(text, object_pairs_hook=_without_twins)
    except RecursionError as error:
        raise UsageError("--json: it is nested too deeply; give an object of features") from error
    except ValueError as error:
        raise UsageError(f"--json: {error}; write for example: --json '{{\"RM\": 6.5}}'") from error
    houses = found if isinstance(found, list) else [found]
    if not houses or not all(isinstance(house, dict) for house in houses):
        raise UsageError(
            '--json: give an object of features, such as {"RM": 6.5}, or a list of them'
        )
    return [_house(house, "", _plain) for house in houses]


def from_file(path: str) -> tuple[list[House], tuple[str, ...]]:
    """Return the houses of a CSV or Parquet file, and what is to be said of its columns.

    Raises:
        DataError: It cannot be used.
    """
    from ..data.dataset import load_features

    features, notes = load_features(path)
    rows = features.to_dict(orient="records")
    return [{str(name): x for name, x in row.items() if not math.isnan(x)} for row in rows], notes


def one_from_file(path: str, name: str) -> House:
    """Return the house of a CSV or Parquet file that holds one.

    Args:
        path: Of the file.
        name: Of the flag that names it.

    Raises:
        DataError: It cannot be used.
        UsageError: It holds more than one.
    """
    houses, _ = from_file(path)
    if len(houses) != 1:
        raise UsageError(f"{name}: {path} holds {len(houses)} houses; name a file with one")
    return houses[0]


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"--json: {twice[0]} is given twice; give it once")
    return dict(pairs)


def _house(
    values: Mapping[str, Any], prefix: str, read: Callable[[str, Any], float | None]
) -> House:
    house: House = {}
    for name, written in values.items():
        feature = name.upper()
        if feature not in FEATURE_NAMES:
            raise UsageError(
                f"{prefix}{name} is no feature{guess(feature, FEATURE_NAMES)};"
                f" they are {', '.join(FEATURE_NAMES)}"
            )
        if feature in house:
            raise UsageError(f"{prefix}{name} is given twice; give it once")
        value = read(name, written)
        if value is not None:
            house[feature] = value
    return house


def _number(name: str, text: str) -> float:
    number = number_in(given(text, f"--{name}") or "")
    if number is None:
        raise UsageError(f"--{name}: {text!r} is not a number; give one such as 6.5")
    return number


def _plain(name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UsageError(f"--json: {name} is {value!r}, not a number; give one, or null")
    try:
        return float(value)
    except OverflowError as error:
        raise UsageError(f"--json: {name} is too large; give a number, or null") from error
