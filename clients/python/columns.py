"""Columns of a table: which of them are features, and a row's cells as numbers."""

import math
from collections.abc import Collection, Iterable, Sequence

from .errors import FieldViolation, InvalidArgumentError
from .house import FEATURES, number, shortened

# What tables write where they have no value.
_BLANK = frozenset({"", "na", "n/a", "nan", "null", "none"})


class Columns:
    """The features among the columns of a table.

    Args:
        names: Of all columns.
        ignore: Names that mean nothing, in lower case.

    Raises:
        InvalidArgumentError: A name is neither a feature nor to be ignored, or
            is there twice, or no feature is.
    """

    def __init__(self, names: Sequence[str], ignore: Collection[str]) -> None:
        known = {name.lower(): name for name in FEATURES}
        self.width = len(names)
        self.features: list[str] = []
        self.places: list[int] = []
        for place, name in enumerate(names):
            # A byte order mark stands before the first name of some files.
            plain = name.lstrip("\ufeff").strip().lower()
            feature = known.get(plain)
            if feature is None and plain not in ignore:
                raise _refused(
                    name,
                    "is no feature; correct it, or leave it out by ignore=… (to the command: "
                    "--ignore NAME)",
                )
            if feature in self.features:
                raise _refused(name, "is there twice")
            if feature is not None:
                self.features.append(feature)
                self.places.append(place)
        if not self.features:
            raise _refused("columns", f"none is a feature; there are {', '.join(FEATURES)}")
        self.blank = [math.nan] * len(self.features)

    def numbers(self, record: Sequence[str]) -> list[float]:
        """Returns the features of a row of texts, NaN where one is missing.

        Raises:
            InvalidArgumentError: A text is no number, or there are too few or many.
        """
        if len(record) != self.width:
            raise InvalidArgumentError(
                f"has {len(record)} cells where the header has {self.width}",
                reason="WRONG_WIDTH",
            )
        cells = [record[place] for place in self.places]
        try:
            # Python alone reads 6_5 as 65, and digits of all scripts.
            joined = "".join(cells)
            if "_" not in joined and joined.isascii():
                return list(map(float, cells))
        except ValueError:
            pass
        return [cell_number(cell, name) for cell, name in zip(cells, self.features, strict=True)]


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
    if cell.strip().lower() in _BLANK:
        return math.nan
    try:
        if is_plain(cell):
            return float(cell)
    except ValueError:
        pass
    # Tells it in the words that it has for other rows.
    return number(cell, name)


def is_plain(text: str) -> bool:
    """Returns whether a text is written as other programs write numbers, too."""
    return "_" not in text and text.strip().isascii()


def _refused(name: str, description: str) -> InvalidArgumentError:
    name = shortened(name)
    return InvalidArgumentError(
        f"column {name!r}: {description}" if name != "columns" else f"columns: {description}",
        reason="UNKNOWN_COLUMN",
        violations=(FieldViolation(field=name, description=description),),
    )
