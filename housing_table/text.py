"""Rows from lines of text: CSV, with commas, semicolons, tabs or blanks."""

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, islice

from .cells import number, quoted
from .columns import FEATURES, TARGET, meaning
from .errors import TableError
from .other_formats import recognised

# Longer is no row of houses; most likely the file has no line breaks.
LONGEST_LINE = 1 << 20

_BLANK = " "
# More of them in a line of numbers, and it is none of the houses.
_BLANKS = 6
_COMMENT = "#"
# All that a row without a value consists of, such as those that Excel writes below a table.
_EMPTY = ' \t,;"\ufeff'


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a line is no row.

    Attributes:
        text: What goes after the name of the line.
    """

    text: str


@dataclass(slots=True)
class EmptyRows:
    """Rows without a value, which are left out as blank lines are.

    Attributes:
        count: Of those so far.
    """

    count: int = 0

    def notes(self) -> tuple[str, ...]:
        """Returns what is to be said of them once all rows are read, if there was one."""
        if not self.count:
            return ()
        return (f"rows left out because none of their cells has a value: {self.count}",)


Row = list[str] | RowFault
Split = Callable[[str], Row]


@dataclass(frozen=True, kw_only=True, slots=True)
class TextTable:
    """A table of text.

    Attributes:
        names: Of the columns.
        rows: Cells by the row, as wide as it is.
        notes: What was skipped or assumed, one line each, for people.
        empty: Rows that were left out up to now.
    """

    names: list[str]
    rows: Iterator[Row]
    notes: tuple[str, ...] = ()
    empty: EmptyRows = field(default_factory=EmptyRows)


def read(lines: Iterable[str]) -> TextTable:
    """Reads as much of a text as tells its columns; the rows follow as they are asked for.

    Lines that are blank, and rows without a value, are left out. So are comments above the line
    with the names, which begin with a `#` as that line itself may, and one other line, such as
    scikit-learn's, which counts rows and columns. Without names, 13 or 14 columns of numbers are
    the features and the price in their usual order.

    Args:
        lines: Of the text, with or without line ends.

    Raises:
        TableError: There is no line, or the one with the names cannot be read.
    """
    empty = EmptyRows()
    written = _written(lines, empty)
    above, head = _Comments(), list(islice(written, 1))
    while head and head[0].lstrip(_EMPTY).startswith(_COMMENT):
        above.add(head[0])
        head = list(islice(written, 1))
    if not head:
        raise TableError("there is no line; the first one names the columns")
    return replace(_below(above, head, written), empty=empty)


def _below(above: "_Comments", head: list[str], written: Iterator[str]) -> TextTable:
    """Reads what is below the comments, of which the first line was drawn."""
    other = recognised(head[0])
    if other:
        raise TableError(other)
    _check_utf8(head[0], "\0")
    split = _splitter(head[0])
    first = split(head[0])
    if isinstance(first, RowFault):
        raise TableError(f"the first line, which names the columns, {first.text}")
    if any(map(meaning, first)):
        return _named(first, written, split, *above.notes(above.count))
    names = above.names(len(first))
    if names:
        rows = map(split, chain(head, written))
        return TextTable(names=names, rows=rows, notes=above.notes(above.count - 1))
    if _are_values(first):
        names = [*FEATURES, TARGET][: len(first)]
        note = f"no names of columns: the {len(names)} there are taken for {', '.join(names)}"
        notes = (*above.notes(above.count), note)
        return TextTable(names=names, rows=map(split, chain(head, written)), notes=notes)
    for line in islice(written, 1):
        split = _splitter(line)
        second = split(line)
        if isinstance(second, list) and any(map(meaning, second)):
            note = f"line skipped above the names of the columns: {quoted(head[0])}"
            return _named(second, written, split, *above.notes(above.count), note)
    _check_utf8(head[0], "\ufffd")
    return TextTable(names=first, rows=iter(()))


class _Comments:
    """Lines above the names of the columns that begin with a `#`."""

    def __init__(self) -> None:
        self.count = 0
        self._last = ""

    def add(self, line: str) -> None:
        """Takes one more."""
        self.count += 1
        self._last = line

    def names(self, width: int) -> list[str]:
        """Returns the names in the last of them, or nothing if it does not name as many columns."""
        line = self._last.lstrip(_EMPTY + _COMMENT)
        found = _splitter(line)(line)
        if isinstance(found, RowFault) or len(found) != width or not any(map(meaning, found)):
            return []
        return found

    def notes(self, count: int) -> tuple[str, ...]:
        """Returns what is to be said of that many of them."""
        return (f"comments skipped above the names of the columns: {count}",) if count else ()


def _written(lines: Iterable[str], empty: EmptyRows) -> Iterator[str]:
    """Yields the lines in which something stands, without their ends."""
    for line in map(_stripped, lines):
        bare = line.strip(_EMPTY)
        if (bare and not bare.isspace()) or line.count('"') % 2:
            yield line
        elif line and not line.isspace():
            empty.count += 1


def _check_utf8(line: str, mark: str) -> None:
    if mark in line:
        raise TableError("line 1 is not UTF-8 text; save the file as CSV in UTF-8")


def _named(names: list[str], lines: Iterator[str], split: Split, *notes: str) -> TextTable:
    first = list(islice(lines, 1))
    if any(_has_row_name(line, split, len(names)) for line in first):
        names = ["", *names]
    return TextTable(names=names, rows=map(split, chain(first, lines)), notes=notes)


def _has_row_name(line: str, split: Split, width: int) -> bool:
    """Tells whether a row begins with its name, above which R writes none.

    Between other signs than blanks one cell more may also be a decimal comma, or a comma at the
    end of the line: there the name has to stand in quotes, as R writes it, and the rest not.
    """
    cells = split(line)
    if isinstance(cells, RowFault) or len(cells) != width + 1:
        return False
    in_quotes = line.lstrip().startswith('"') and line.count('"') == 2
    return split is _by_blanks or (in_quotes and cells[-1] != "")


def _are_values(cells: list[str]) -> bool:
    """Tells whether cells are a house: numbers, most of them there, as many as there can be."""
    found = [number(cell) for cell in cells]
    known = [value for value in found if value is not None]
    blanks = sum(map(math.isnan, known))
    return len(known) == len(cells) and len(cells) - len(FEATURES) in (0, 1) and blanks <= _BLANKS


def _stripped(line: str) -> str:
    return line.rstrip("\r\n")


def _splitter(line: str) -> Split:
    """Returns what splits all lines, going by one of them."""
    bare = "".join(line.strip(_BLANK).split('"')[::2])
    counts = {separator: bare.count(separator) for separator in ("\t", ";", ",")}
    separator = max(counts, key=lambda each: counts[each])
    if counts[separator]:
        return partial(_by, separator)
    return _by_blanks if _BLANK in bare else partial(_by, ",")


def _by(separator: str, line: str) -> Row:
    if len(line) > LONGEST_LINE:
        return _too_long()
    return line.split(separator) if '"' not in line else _quoted(line, separator)


def _by_blanks(line: str) -> Row:
    if len(line) > LONGEST_LINE:
        return _too_long()
    return line.split() if '"' not in line else _quoted(line.strip(), _BLANK)


def _quoted(line: str, separator: str) -> Row:
    # Line by line: a quote that is not closed would take the rows below with it.
    reader = csv.reader((line, ""), delimiter=separator, skipinitialspace=True)
    try:
        cells = next(reader)
    except csv.Error as error:
        return RowFault(f"is no line of CSV: {error}")
    if reader.line_num > 1:
        return RowFault("has a quote that is not closed in its line")
    return [cell.strip() for cell in cells]


def _too_long() -> RowFault:
    return RowFault(f"is longer than {LONGEST_LINE:,} characters; write one row a line")
