"""Chunks from lines of text: CSV and NDJSON."""

import csv
import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any, NoReturn

from .chunks import Chunk, Layout, Matrix, row_error, to_bytes
from .columns import Columns, to_house
from .errors import InvalidArgumentError
from .results import RowError

_LONGEST_REASON = 120


def from_csv(lines: Iterable[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a CSV text whose first line names the columns.

    A cell that is empty, or says NA or NaN, is a missing value.

    Raises:
        InvalidArgumentError: The columns are not those of houses.
    """
    records = _records(lines)
    header = next(records, None)
    if header is None:
        return
    if isinstance(header, InvalidArgumentError):
        raise header
    columns = Columns(header, layout.ignore)
    for start, batch in layout.batches(records):
        rows, faults = _numbers(columns, start, batch)
        if layout.form == "rows":
            packed = layout.pack(start, [to_house(columns.features, row) for row in rows])
            yield replace(packed, faults=faults)
            continue
        values = array("d", chain.from_iterable(rows))
        matrix = Matrix(features=tuple(columns.features), values=to_bytes(values))
        yield Chunk(start=start, count=len(rows), payload=matrix, faults=faults)


def from_ndjson(lines: Iterable[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a text that has a house as a JSON object in each line.

    null is a missing value, and so is a feature that is not there.
    """
    for start, batch in layout.batches(_houses(lines)):
        yield layout.pack(start, batch)


def _records(lines: Iterable[str]) -> Iterator[list[str] | InvalidArgumentError]:
    # Line by line: a quote that is not closed would take the rows below with it.
    for line in lines:
        plain = line.rstrip("\r\n")
        if plain:
            yield plain.split(",") if '"' not in plain else _quoted(plain)


def _quoted(line: str) -> list[str] | InvalidArgumentError:
    reader = csv.reader((line, ""))
    try:
        record = next(reader)
    except csv.Error as error:
        return InvalidArgumentError(f"is no line of CSV: {error}", reason="MALFORMED_ROW")
    if reader.line_num > 1:
        return InvalidArgumentError(
            "has a quote that is not closed in its line", reason="MALFORMED_ROW"
        )
    return record


def _numbers(
    columns: Columns, start: int, batch: list[Any]
) -> tuple[list[list[float]], dict[int, RowError]]:
    rows, faults = [], {}
    for place, record in enumerate(batch):
        try:
            if isinstance(record, InvalidArgumentError):
                raise record
            rows.append(columns.numbers(record))
        except InvalidArgumentError as error:
            faults[place] = row_error(start + place, error)
            rows.append(columns.blank)
    return rows, faults


def _houses(lines: Iterable[str]) -> Iterator[dict[str, Any] | InvalidArgumentError]:
    decoder = json.JSONDecoder(object_pairs_hook=without_twins, parse_constant=_constant)
    for line in lines:
        if not line.strip():
            continue
        try:
            found = decoder.decode(line)
        except InvalidArgumentError as error:
            yield error
        except (ValueError, RecursionError) as error:
            text = str(error).partition("\n")[0][:_LONGEST_REASON]
            yield InvalidArgumentError(f"is no JSON: {text}", reason="MALFORMED_ROW")
        else:
            yield found


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns a JSON object as a mapping.

    Raises:
        InvalidArgumentError: A name is there twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"{twice} is given twice", reason="DUPLICATE_FEATURE")
    return found


def _constant(text: str) -> NoReturn:
    raise InvalidArgumentError(
        f"{text} is no number in JSON; write null for a missing value",
        reason="FEATURE_NOT_FINITE",
    )
