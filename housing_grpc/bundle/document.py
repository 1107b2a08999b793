"""JSON documents of a bundle, read strictly.

Decoders are made when their module is imported: msgspec finds out about types when they are first
asked for, and two threads that ask for the same at once can crash the process.
"""

import json
from typing import Any, TypeVar

import msgspec

from .errors import BundleFormatError

_Read = TypeVar("_Read")


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
        found = decoder.decode(data)
        # msgspec takes the last of equal keys, others the first.
        json.loads(data, object_pairs_hook=_unique)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise BundleFormatError(f"{name}: {error}") from error
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the key {name[:100]!r} comes twice")
        found[name] = value
    return found
