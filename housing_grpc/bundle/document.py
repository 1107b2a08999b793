"""JSON documents of a bundle, read strictly."""

import json
from typing import Any, TypeVar

import msgspec

from .errors import BundleFormatError

_Read = TypeVar("_Read")


def decode(name: str, data: bytes, kind: type[_Read]) -> _Read:
    """Reads a document.

    Args:
        name: Of the file, for the error.
        data: Its content.
        kind: What it must hold.

    Raises:
        BundleFormatError: It is not JSON, a key is wrong, or one comes twice.
    """
    try:
        found = msgspec.json.decode(data, type=kind)
        # msgspec takes the last of equal keys, others the first.
        json.loads(data, object_pairs_hook=_unique)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BundleFormatError(f"{name}: {error}") from error
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:100]!r} comes twice")
    return found
