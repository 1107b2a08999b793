"""Columns of a table: which of them are features, and a row's cells as numbers."""

import math
from collections.abc import Iterable, Sequence

from housing_table import cells, columns
from housing_table.errors import TableError
from housing_table.text import Row, RowFault

from .chunks import Layout
from .errors import FieldViolation, InvalidArgumentError
from .house import number


class Columns:
    """The features among the columns of a table, by the rules that all tables have.

    Args:
        names: Of all columns.
        layout: Which names mean nothing, and which columns are to be kept; is told what was
            made of the names.

    Raises:
        InvalidArgumentError: A name is not as it should be, or none is a feature.
    """

    def __init__(self, names: Sequence[str], layout: Layout) -> None:
        try:
            found = columns.to_price(names, ignore=layout.ignore, keep=layout.keep)
        except TableError as error:
            hint = "; ignore=… leaves it out (to the command: --ignore NAME)"
            raise refused(error, hint if "did you mean" in str(error) else "") from None
        layout.notes.extend(found.notes)
        self.width = found.width
        self.features = list(found.places)
        self.places = list(found.places.values())
        self.kept = found.kept
        self.blank = [math.nan] * len(self.features)

    def read(self, record: Row) -> tuple[list[float] | InvalidArgumentError, tuple[str, ...]]:
        """Returns the features of a row of texts, NaN where one is missing, and what is kept."""
        if isinstance(record, RowFault):
            error = InvalidArgumentError(record.text, reason="MALFORMED_ROW")
            return error, ("",) * len(self.kept)
        if len(record) != self.width:
            wrong = InvalidArgumentError(
                f"has {len(record)} cells where the header has {self.width}",
                reason="WRONG_WIDTH",
            )
            return wrong, ("",) * len(self.kept)
        kept = tuple(record[place].strip() for place in self.kept) if self.kept else ()
        try:
            return self._numbers([record[place] for place in self.places]), kept
        except InvalidArgumentError as error:
            return error, kept

    def _numbers(self, record: Sequence[str]) -> list[float]:
        try:
            # What `cells.number` does, for most rows at once.
            joined = "".join(record)
            if "_" not in joined and joined.isascii():
                return list(map(float, record))
        except ValueError:
            pass
        return [cell_number(cell, name) for cell, name in zip(record, self.features, strict=True)]


def refused(error: TableError, hint: str = "") -> InvalidArgumentError:
    """Returns what is wrong with a table as this package's error."""
    return InvalidArgumentError(
        f"{error}{hint}",
        reason="UNKNOWN_COLUMN" if error.columns else "MALFORMED_FILE",
        violations=tuple(
            FieldViolation(field=cells.quoted(name)[1:-1], description=str(error))
            for name in error.columns
        ),
    )


def to_house(features: Sequence[str], row: Sequence[float]) -> dict[str, float]:
    """Returns a row of numbers as a mapping in which what is NaN is missing."""
    # NaN alone is not itself.
    return {
        name: value
        for name, value in zip(features, row, strict=True)
        if value == value  # noqa: PLR0124
    }


def from_cells(
    features: Sequence[str], cells: Iterable[object]
) -> dict[str, object] | InvalidArgumentError:
    """Returns a table's row as a mapping, or what is wrong with it.

    What is NaN or NA is missing, and a text is read as it would be in CSV.
    """
    try:
        return {name: _value(cell, name) for name, cell in zip(features, cells, strict=True)}
    except InvalidArgumentError as error:
        return error


def _value(cell: object, name: str) -> object:
    value = cell_number(cell, name) if isinstance(cell, str) else cell
    is_nan = isinstance(value, float) and math.isnan(value)
    return None if is_nan or type(value).__name__ == "NAType" else value


def cell_number(cell: str, name: str) -> float:
    """Returns a text as a number, NaN where it says that there is none.

    Raises:
        InvalidArgumentError: It is no number.
    """
    found = cells.number(cell)
    # Tells it in the words that it has for other rows.
    return number(cell, name, cells.remedy(cell)) if found is None else found
