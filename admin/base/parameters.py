"""Reads hyperparameters and other values as people type them."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from . import options
from .errors import UsageError

_WORDS = {"true": True, "false": False, "none": None, "null": None}
_PAIR = re.compile(r"\s*([A-Za-z_]\w*)\s*[=:]\s*(.*?)\s*")


def parse(text: str, flag: str) -> dict[str, Any]:
    """Read `max_depth=3,learning_rate=0.1`, or a JSON object or Python dict.

    Args:
        text: As it was typed.
        flag: Names it in messages.

    Returns:
        Values by name: numbers, True, False, None, or texts.

    Raises:
        UsageError: It is none of these.
    """
    stripped = text.strip()
    if stripped.startswith("{"):
        return _mapping(stripped, flag)
    found: dict[str, Any] = {}
    for part in filter(str.strip, stripped.split(",")):
        pair = _PAIR.fullmatch(part)
        if pair is None:
            raise UsageError(
                f"{flag}: {part.strip()!r} is not NAME=VALUE; write each so, with commas between"
            )
        name, value = pair.groups()
        if name in found:
            raise UsageError(f"{flag} gives {name} twice; give it once")
        found[name] = scalar(value)
    return found


def scalar(text: str) -> Any:
    """Return the number, True, False or None that a text means, or else the text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    number = options.number_in(text)
    if number is None:
        return text.strip("'\"")
    return int(text) if options.is_whole(text) else number


def _mapping(text: str, flag: str) -> dict[str, Any]:
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, Mapping) and all(isinstance(name, str) for name in found):
            return dict(found)
    raise UsageError(f"{flag}: {text} is not JSON; write NAME=VALUE, or an object in JSON")
