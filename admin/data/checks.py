"""Turns cells of text into numbers, and says where a cell or a column is wrong."""

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURES, FeatureSpec

from ..base.errors import DataError
from .table import Table

MISSING = frozenset({"", "na", "n/a", "nan", "null"})

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_WITH_COMMA = re.compile(r"[+-]?[0-9.]+(,[0-9.]+)+")
_SHOWN = 40
_LISTED = 10
_SPECS = {spec.name: spec for spec in FEATURES}


def check_header(table: Table, needed: Sequence[str]) -> None:
    """Refuse a header that lacks a column or names one twice.

    Args:
        table: The file.
        needed: The columns that have to be there; others are welcome.

    Raises:
        DataError: A column is missing, or a name stands there twice.
    """
    missing = [name for name in needed if name not in table.names]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        raise DataError(
            f"{table.place}: missing column{plural} {', '.join(missing)};"
            f" {_how_to_add(table, missing)}"
        )
    twice = [name for name in dict.fromkeys(table.names) if name and table.names.count(name) > 1]
    if twice:
        raise DataError(
            f"{table.place}: the header names {listed(twice)} more than once;"
            " rename or remove all but one"
        )


def read_numbers(table: Table, columns: Sequence[str]) -> NDArray[np.float64]:
    """Convert columns of a table to numbers, with NaN where a value is missing.

    Args:
        table: The file, with a header that has been checked.
        columns: The columns wanted; features are held to what their spec allows.

    Returns:
        Numbers of shape (rows, columns), in the order of ``columns``.

    Raises:
        DataError: A cell is no number, is not finite, or is not allowed for its feature.
    """
    wanted = [(table.names.index(name), name, _SPECS.get(name)) for name in columns]
    numbers = np.empty((len(table.rows), len(wanted)), dtype=np.float64)
    for row, (line, cells) in enumerate(zip(table.lines, table.rows, strict=True)):
        for column, (position, name, spec) in enumerate(wanted):
            cell = cells[position]
            value = _to_number(cell)
            fault = _fault_in(cell, value, spec)
            if fault:
                raise DataError(
                    f"{table.place}: line {line}, column {name}: {_quoted(cell)} {fault}"
                )
            numbers[row, column] = math.nan if value is None else value
    return numbers


def listed(names: Sequence[str]) -> str:
    """Join column names for a message; a long name or a long list is cut."""
    shown = [_quoted(name) if name else "(no name)" for name in names[:_LISTED]]
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join(shown + more)


def _to_number(cell: str) -> float | None:
    """Return the number in a cell, or None if it holds something else or nothing."""
    # float() alone would take 1_000 and digits of other scripts, too.
    if _NUMBER.fullmatch(cell) or _INFINITE.fullmatch(cell):
        return float(cell)
    return None


def _fault_in(cell: str, value: float | None, spec: FeatureSpec | None) -> str:
    """Say what is wrong with a cell and how to put it right, or return an empty text."""
    if value is None:
        return "" if cell.casefold() in MISSING else _not_a_number(cell)
    if math.isinf(value):
        return "is not finite; write a finite number, or NA if it is not known"
    if spec is not None and spec.choices and value not in spec.choices:
        choices = " or ".join(f"{choice:g}" for choice in spec.choices)
        return f"is not allowed; write {choices}, or NA if it is not known"
    if spec is not None and spec.integer and not value.is_integer():
        return "is not a whole number; write one, or NA if it is not known"
    return ""


def _not_a_number(cell: str) -> str:
    if _WITH_COMMA.fullmatch(cell):
        return "is not a number; write a point for decimals and nothing between thousands"
    return "is not a number; write a plain number, or NA if it is not known"


def _how_to_add(table: Table, missing: Sequence[str]) -> str:
    by_case = {name.casefold(): name for name in table.names}
    renames = [
        f"{_quoted(by_case[name.casefold()])} to {name}"
        for name in missing
        if name.casefold() in by_case
    ]
    if renames:
        return f"upper and lower case matter: rename {', '.join(renames)}"
    if len(table.names) == 1:
        return "the header is one cell: separate the cells with commas or semicolons"
    if all(_to_number(name) is not None for name in table.names):
        return "the first line holds numbers: put a header above it"
    return "add what is missing to the file"


def _quoted(text: str) -> str:
    """Return the text in quotes on one line, cut if it is long."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
