"""Turns cells into numbers, and says which cells are wrong."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURES, FeatureSpec
from housing_table import cells

from ..base.errors import DataError
from .table import Faults, Table

# So many values of a column may be wrong for reasons of their own.
_SLIPS = 10

_SPECS = {spec.name: spec for spec in FEATURES}


def read_numbers(table: Table) -> NDArray[np.float64]:
    """Convert the columns of a table to numbers, with NaN where a value is missing.

    Args:
        table: The file; features are held to what their spec allows.

    Returns:
        Numbers of shape (rows, columns), in the order of the table's names.

    Raises:
        DataError: Cells are no numbers, are not finite, or are not allowed for their features.
    """
    specs = [_SPECS.get(name) for name in table.names]
    numbers = np.empty((len(table.rows), len(table.names)), dtype=np.float64)
    faults = Faults()
    for row, (where, found) in enumerate(zip(table.where, table.rows, strict=True)):
        for column, (cell, spec) in enumerate(zip(found, specs, strict=True)):
            value = cells.value(cell)
            fault = _fault_in(cell, value, spec)
            if fault:
                shown = cells.quoted(cell) if isinstance(cell, str) else cells.shortened(repr(cell))
                faults.add(f"{where}, column {table.names[column]}: {shown} {fault}")
            numbers[row, column] = math.nan if value is None else value
    if faults:
        raise DataError(f"{table.place}: {faults}{_cause(table.names, numbers)}")
    return numbers


def _cause(names: Sequence[str], numbers: NDArray[np.float64]) -> str:
    """Say what may be behind whole numbers that mostly are none, or return an empty text."""
    scaled = []
    for name, column in zip(names, numbers.T, strict=True):
        spec = _SPECS.get(name)
        known = column[np.isfinite(column)]
        broken = np.count_nonzero(known % 1)
        if spec and (spec.choices or spec.integer) and broken > max(_SLIPS, len(known) / 2):
            scaled.append(name)
    if not scaled:
        return ""
    return f"; {', '.join(scaled)} may be standardised or scaled: give all columns as they were"


def _fault_in(cell: object, value: float | None, spec: FeatureSpec | None) -> str:
    """Say what is wrong with a cell and how to put it right, or return an empty text."""
    if value is None:
        return f"is not a number; {cells.remedy(str(cell))}"
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "is not finite; write a finite number, or NA if it is not known"
    if spec is not None and spec.choices and value not in spec.choices:
        choices = " or ".join(f"{choice:g}" for choice in spec.choices)
        return f"is not allowed; write {choices}, or NA if it is not known"
    if spec is not None and spec.integer and not value.is_integer():
        return "is not a whole number; write one, or NA if it is not known"
    return ""
