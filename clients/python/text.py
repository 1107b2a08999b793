"""Chunks from lines of text: CSV and NDJSON."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, TextIO

from housing_table.errors import TableError
from housing_table.text import LONGEST_LINE, read

from . import json_text
from .chunks import Chunk, Kept, Layout, Matrix, row_error, to_bytes
from .columns import Columns, refused, to_house
from .errors import InvalidArgumentError


def from_csv(lines: Iterable[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a CSV text, by the rules of `housing_table`.

    Raises:
        InvalidArgumentError: The columns are not those of houses, or there is no first line.
    """
    try:
        table = read(lines)
    except TableError as error:
        raise refused(error) from None
    layout.notes.extend(table.notes)
    columns = Columns(table.names, layout)
    # A row becomes numbers at once: text may be of any size.
    for start, batch in layout.batches(table.rows, columns.read):
        faults = {
            place: row_error(start + place, row)
            for place, (row, _) in enumerate(batch)
            if isinstance(row, InvalidArgumentError)
        }
        rows = [columns.blank if place in faults else row for place, (row, _) in enumerate(batch)]
        kept = [each for _, each in batch] if columns.kept else ()
        if layout.form == "rows":
            houses = [to_house(columns.features, row) for row in rows]
            yield replace(layout.pack(start, houses, kept), faults=faults)
            continue
        values = array("d", chain.from_iterable(rows))
        matrix = Matrix(features=tuple(columns.features), values=to_bytes(values))
        yield Chunk(start=start, count=len(rows), payload=matrix, faults=faults, kept=kept)
    layout.notes.extend(table.empty.notes())


def from_ndjson(lines: Iterable[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a text that has a house as a JSON object in each line.

    null is a missing value, and so is a feature that is not there.
    """
    written = (line for line in lines if not line.isspace())
    for start, batch in layout.batches(written, partial(_house, layout)):
        kept = [each for _, each in batch] if layout.keep else ()
        yield layout.pack(start, [house for house, _ in batch], kept)


def bounded(file: TextIO) -> Iterator[str]:
    """Yields the lines of a text; of one that is too long, only the beginning."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(("\r", "\n")):
            line = file.readline(LONGEST_LINE + 1) or "\n"


def _house(layout: Layout, line: str) -> tuple[Any, Kept]:
    """Returns a house, or what is wrong with it, and what is handed on."""
    kept: Kept = (None,) * len(layout.keep)
    try:
        if len(line) > LONGEST_LINE:
            raise _too_long()
        house = json_text.parse(line.rstrip("\r\n"))
        kept = layout.kept_of(house) if layout.keep else kept
        json_text.check(house, layout.not_features)
    except InvalidArgumentError as error:
        return error, kept
    return house, kept


def _too_long() -> InvalidArgumentError:
    return InvalidArgumentError(
        f"is longer than {LONGEST_LINE:,} characters; write one row a line", reason="MALFORMED_ROW"
    )
