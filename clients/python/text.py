"""Chunks from lines of text: CSV and NDJSON."""

import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NoReturn, TextIO

from housing_table.errors import TableError
from housing_table.text import LONGEST_LINE, read

from .chunks import Chunk, Layout, Matrix, row_error, to_bytes
from .columns import Columns, refused, to_house
from .errors import InvalidArgumentError
from .house import shortened


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


def from_ndjson(lines: Iterable[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a text that has a house as a JSON object in each line.

    null is a missing value, and so is a feature that is not there.
    """
    written = (line for line in lines if not line.isspace())
    for start, batch in layout.batches(written, _house):
        yield layout.pack(start, batch)


def bounded(file: TextIO) -> Iterator[str]:
    """Yields the lines of a text; of one that is too long, only the beginning."""
    while line := file.readline(LONGEST_LINE + 1):
        yield line
        while len(line) > LONGEST_LINE and not line.endswith(("\r", "\n")):
            line = file.readline(LONGEST_LINE + 1) or "\n"


def _house(line: str) -> Any:
    if len(line) > LONGEST_LINE:
        return InvalidArgumentError(
            f"is longer than {LONGEST_LINE:,} characters; write one row a line",
            reason="MALFORMED_ROW",
        )
    try:
        return parse_json(line)
    except InvalidArgumentError as error:
        return error


def parse_json(text: str) -> Any:
    """Returns what JSON says.

    Raises:
        InvalidArgumentError: It is none, or says something twice.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = f"{error.msg} at character {error.pos + 1}"
    except RecursionError:
        what = "it is nested too deeply"
    except ValueError:
        # An integer of thousands of digits; as float it is infinite, and refused by its name.
        return _DECODER_OF_FLOATS.decode(text)
    raise InvalidArgumentError(f"is no JSON: {what}", reason="MALFORMED_ROW")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns a JSON object as a mapping.

    Raises:
        InvalidArgumentError: A name is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"{shortened(twice)} is given twice", reason="DUPLICATE_FEATURE")
    return found


def _constant(text: str) -> NoReturn:
    raise InvalidArgumentError(
        f"{text} is no number in JSON; write null for a missing value",
        reason="FEATURE_NOT_FINITE",
    )


_HOOKS: Any = {"object_pairs_hook": _without_twins, "parse_constant": _constant}
_DECODER = json.JSONDecoder(**_HOOKS)
_DECODER_OF_FLOATS = json.JSONDecoder(**_HOOKS, parse_int=float)
