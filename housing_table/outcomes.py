"""What houses sold for, from lines of CSV: a receipt and a price a line."""

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from .cells import number, quoted, remedy
from .errors import TableError

_RECEIPT, _PRICE, _MOMENT, _SOURCE = "receipt", "price", "observed_at", "source"
_SEPARATORS = ("\t", ";", ",")
# Some hundred characters are of use. Of commas alone, a longer one takes gigabytes.
_LONGEST_LINE = 65_536
_COLUMNS = "receipt and price, and if you like observed_at and source"


@dataclass(frozen=True, kw_only=True, slots=True)
class OutcomeRow:
    """What one house sold for.

    Attributes:
        line: Number of its line, from 1.
        receipt: Of the predicted price.
        price: The true one.
        observed_at: When it was sold, if that is known.
        source: Who says so.
    """

    line: int
    receipt: str
    price: float
    observed_at: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class OutcomeFault:
    """Why a line is no outcome.

    Attributes:
        line: Its number, from 1.
        text: What is wrong, and how to mend it.
    """

    line: int
    text: str


def read(lines: Iterable[str]) -> Iterator[OutcomeRow | OutcomeFault]:
    """Reads outcomes, line by line; blank lines are left out.

    Args:
        lines: Of the text; the first one names the columns, others than ours are left out.

    Raises:
        TableError: There is no line, or a column is not there, or there twice.
    """
    given = iter(lines)
    head = next(given, "").lstrip("\ufeff")
    if not head.strip():
        raise TableError(f"there is no line; the first one names the columns: {_COLUMNS}")
    separator = max(_SEPARATORS, key=head.count)
    try:
        names = [name.lower() for name in _cells(head, separator)]
    except csv.Error as error:
        raise TableError(f"the first line cannot be read: {error}; it names {_COLUMNS}") from None
    places = _places(names)
    return _rows(given, separator, places, len(names))


def _cells(text: str, separator: str) -> list[str]:
    if len(text) > _LONGEST_LINE:
        raise csv.Error(f"it has more than {_LONGEST_LINE} characters")
    return [cell.strip() for cell in next(csv.reader([text.rstrip("\r\n")], delimiter=separator))]


def _places(names: list[str]) -> dict[str, int]:
    for name in (_RECEIPT, _PRICE, _MOMENT, _SOURCE):
        if names.count(name) > 1:
            raise TableError(f"there are two columns {name}; leave one out", (name,))
    lacking = tuple(name for name in (_RECEIPT, _PRICE) if name not in names)
    if lacking:
        raise TableError(f"there is no column {' or '.join(lacking)}; name {_COLUMNS}", lacking)
    return {name: place for place, name in enumerate(names)}


def _rows(
    lines: Iterator[str], separator: str, places: dict[str, int], width: int
) -> Iterator[OutcomeRow | OutcomeFault]:
    for line, text in enumerate(lines, 2):
        if not text.strip():
            continue
        # Line by line: a quote that is not closed would take the lines below with it.
        try:
            cells = _cells(text, separator)
        except csv.Error as error:
            yield OutcomeFault(line, f"cannot be read: {error}")
            continue
        if len(cells) != width:
            yield OutcomeFault(line, f"has {len(cells)} cells, and the first line {width}")
            continue
        named = {name: cells[place] for name, place in places.items()}
        yield _row(line, named)


def _row(line: int, named: dict[str, str]) -> OutcomeRow | OutcomeFault:
    cell, moment = named[_PRICE], named.get(_MOMENT, "")
    price = number(cell)
    if price is None:
        return OutcomeFault(line, f"price is {quoted(cell)}: {remedy(cell)}")
    if math.isnan(price):
        return OutcomeFault(line, "has no price; leave the line out until it is known")
    try:
        at = datetime.fromisoformat(moment) if moment else None
        # Of a moment that is none in UTC, too.
        at = at and (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        text = f"observed_at is {quoted(moment)}: write it as 2026-01-30 or 2026-01-30T12:00:00Z"
        return OutcomeFault(line, text)
    return OutcomeRow(
        line=line,
        receipt=named[_RECEIPT],
        price=price,
        observed_at=at,
        source=named.get(_SOURCE, ""),
    )
