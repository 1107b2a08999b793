"""The cells of a table, as numbers."""

import math
import re

# What tables write where they have no value, in lower case.
MISSING = frozenset(
    {"", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "?"}
)  # fmt: skip

_WITH_COMMA = re.compile(r"[+-]?[0-9.]+(,[0-9.]+)+")
_YES_OR_NO = frozenset({"true", "false", "t", "f", "yes", "no", "y", "n"})
_SHOWN = 40


def number(cell: str) -> float | None:
    """Returns the number that a text says, NaN if it says that there is none, None if neither."""
    text = cell.strip()
    if text.lower() in MISSING:
        return math.nan
    # Python alone reads 6_5 as 65, and digits of all scripts.
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def value(cell: object) -> float | None:
    """Returns the number in a cell of any type, NaN if it is empty, None if it has no number."""
    if isinstance(cell, str):
        return number(cell)
    if cell is None or type(cell).__name__ == "NAType":
        return math.nan
    # A truth value is no quantity, even where 0 and 1 are the choices.
    if isinstance(cell, bool) or not hasattr(cell, "__float__"):
        return None
    return float(cell)


def remedy(cell: str) -> str:
    """Returns what to write instead of a text that is no number."""
    if "\ufffd" in cell:
        return "save the file as UTF-8"
    if _WITH_COMMA.fullmatch(cell.strip()):
        return "write a point for decimals and nothing between thousands"
    if cell.strip().lower() in _YES_OR_NO:
        return "write 1 for yes and 0 for no, or NA if it is not known"
    return "write a plain number, or NA if it is not known"


def quoted(text: str) -> str:
    """Returns a text in quotes, cut if it is long, as it may stand in a message."""
    return repr(shortened(text))


def shortened(text: str) -> str:
    """Returns a text, cut if it is long, as it may stand in a message."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
