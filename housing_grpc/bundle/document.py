"""JSON documents of a bundle, read strictly.

Decoders are made when their module is imported: msgspec finds out about types when they are first
asked for, and two threads that ask for the same at once can crash the process.
"""

import json
from collections.abc import Iterable
from math import isfinite
from typing import Any, TypeVar

import msgspec

from .errors import BundleFormatError

_Read = TypeVar("_Read")
_DEEPEST = 8


def decode(name: str, data: bytes, decoder: msgspec.json.Decoder[_Read]) -> _Read:
    """Reads a document.

    Args:
        name: Of the file, for the error.
        data: Its content.
        decoder: Of what it must hold.

    Raises:
        BundleFormatError: It is not JSON, a key is wrong, or one comes twice.
    """
    try:
        # msgspec takes the last of equal keys, where others take the first; and for numbers close
        # to the largest, or the smallest, it takes 300 times as long.
        tree = _JSON.decode(data.decode())
        found = msgspec.convert(tree, decoder.type)
        # A text of half a character can be read, but not sent.
        msgspec.json.encode(found)
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        raise BundleFormatError(f"{name}: {error}") from error
    return found


def check_params(name: str, params: dict[str, object]) -> None:
    """Checks how deeply parameters of a training are nested.

    They may be of any kind, such as the lists of lists that constrain XGBoost; but whatever shows
    them goes into them, and Python no deeper than its stack.

    Args:
        name: Of the file, for the error.
        params: By name.

    Raises:
        BundleFormatError: Too deeply.
    """
    level: list[object] = [params]
    for _ in range(_DEEPEST):
        level = [each for value in level for each in _inside(value)]
    # guard: the depth of parameters
    if any(isinstance(value, list | dict) for value in level):
        raise BundleFormatError(f"{name}: params are nested more than {_DEEPEST} deep")


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:100]!r} comes twice")
        found[name] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:100]} is not a finite number")
    return number


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
