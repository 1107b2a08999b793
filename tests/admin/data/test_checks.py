"""What the checks of single cells let through, and what they say of the others."""

import numpy as np
import pytest

from admin.base.errors import DataError
from admin.data.checks import read_numbers
from admin.data.table import Table

PLAIN = "is not a number; write a plain number, or NA if it is not known"
DECIMALS = "is not a number; write a point for decimals and nothing between thousands"
FINITE = "is not finite; write a finite number, or NA if it is not known"
BINARY = "is not allowed; write 0 or 1, or NA if it is not known"
WHOLE = "is not a whole number; write one, or NA if it is not known"


def one_column(name: str, *cells: str) -> Table:
    """Make a table whose first row is on line 7."""
    return Table(
        place="houses.csv",
        names=(name,),
        rows=[(cell,) for cell in cells],
        where=[f"line {7 + number}" for number in range(len(cells))],
        notes=(),
        digest="",
    )


@pytest.mark.parametrize(
    ("column", "cell", "fault"),
    [
        ("CRIM", "low", f"'low' {PLAIN}"),
        ("MEDV", "24k", f"'24k' {PLAIN}"),
        ("TAX", "1_000", f"'1_000' {PLAIN}"),
        ("TAX", "\u0663", f"'\u0663' {PLAIN}"),
        ("RM", "-", f"'-' {PLAIN}"),
        ("RM", ".", f"'.' {PLAIN}"),
        ("RM", "a\nb", f"'a\\nb' {PLAIN}"),
        ("ZN", "M\ufffdnchen", "'M\ufffdnchen' is not a number; save the file as UTF-8"),
        ("ZN", "z" * 40, f"'{'z' * 40}' {PLAIN}"),
        ("ZN", "z" * 41, f"'{'z' * 37}...' {PLAIN}"),
        ("DIS", "4,09", f"'4,09' {DECIMALS}"),
        ("MEDV", "1,250,000.50", f"'1,250,000.50' {DECIMALS}"),
        ("NOX", "inf", f"'inf' {FINITE}"),
        ("MEDV", "-Infinity", f"'-Infinity' {FINITE}"),
        ("CRIM", "1e999", f"'1e999' {FINITE}"),
        ("RAD", "1e999", f"'1e999' {FINITE}"),
        ("CHAS", "2", f"'2' {BINARY}"),
        ("CHAS", "0.5", f"'0.5' {BINARY}"),
        ("RAD", "4.5", f"'4.5' {WHOLE}"),
    ],
)
def test_a_wrong_cell_is_named_with_what_to_do(column: str, cell: str, fault: str) -> None:
    with pytest.raises(DataError) as caught:
        read_numbers(one_column(column, "1", cell, "1"))
    assert str(caught.value) == f"houses.csv: line 8, column {column}: {fault}"


@pytest.mark.parametrize(
    ("column", "cells", "values"),
    [
        ("CRIM", ["+1.5", "-.5", "2.", "1E-3", "007"], [1.5, -0.5, 2.0, 0.001, 7.0]),
        ("CHAS", ["0", "1.0", "NA"], [0.0, 1.0, np.nan]),
        ("RAD", ["24", "4.0", ""], [24.0, 4.0, np.nan]),
        ("MEDV", ["NaN", "nan", "N/A", "null", "NULL", "None"], [np.nan] * 6),
        ("TAX", ["<NA>", "#N/A", "?", " na "], [np.nan] * 4),
    ],
)
def test_right_cells_become_numbers(column: str, cells: list[str], values: list[float]) -> None:
    numbers = read_numbers(one_column(column, *cells))
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, np.array([values]).T)


def test_all_wrong_cells_are_named_at_once() -> None:
    with pytest.raises(DataError) as caught:
        read_numbers(one_column("RM", "a", "1", "b"))
    assert str(caught.value) == (
        f"houses.csv: line 7, column RM: 'a' {PLAIN}; line 9, column RM: 'b' {PLAIN}"
    )
    with pytest.raises(DataError, match=r"line 11, column RM: 'x' .*; and 3 more$"):
        read_numbers(one_column("RM", *"x" * 8))


@pytest.mark.parametrize(("name", "cells"), [("CHAS", BINARY), ("RAD", WHOLE)])
def test_a_column_of_fractions_is_told_to_be_scaled(name: str, cells: str) -> None:
    scaled = f"; {name} may be standardised or scaled: give all columns as they were"
    with pytest.raises(DataError, match=cells) as caught:
        read_numbers(one_column(name, *["-0.27", "1"] * 7, *["0.12"] * 5))
    assert str(caught.value).endswith(scaled)
    with pytest.raises(DataError, match=cells) as caught:
        read_numbers(one_column(name, *["-0.27", "1"] * 12))
    assert "scaled" not in str(caught.value)
