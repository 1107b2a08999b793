"""Reads a CSV file into cells of text, remembering the line each row came from."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import DataError

_Record = tuple[int, list[str]]
_END = "end"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A rectangle of text cells with a header.

    Attributes:
        place: The path, for messages.
        names: Header cells, in the order of the file.
        rows: Data rows, each as wide as the header; no cell has outer spaces.
        lines: For each row, the line of the file it starts on, counted from 1.
        digest: SHA-256 of the file's bytes, in hexadecimal.
    """

    place: str
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    digest: str


def read_table(path: str | Path) -> Table:
    """Read a CSV file with commas or semicolons, in UTF-8 with or without a byte order mark.

    Blank lines are skipped wherever they are. The separator is the one the header uses.

    Args:
        path: The file.

    Returns:
        The header and the data rows, of which there is at least one.

    Raises:
        DataError: The file cannot be read, is no UTF-8 text, has no rows, or has a row
            that is not as wide as the header.
    """
    place = str(Path(path))
    content = _read_bytes(Path(path), place)
    records = _records(_decode(content, place), place)
    if not records:
        raise DataError(f"{place}: the file is empty; it needs a header and rows")
    (_, names), *body = records
    if not body:
        raise DataError(f"{place}: there are no rows below the header; add some")
    for line, cells in body:
        if len(cells) != len(names):
            raise DataError(
                f"{place}: line {line} has {len(cells)} cells but the header has {len(names)};"
                " check the separators and quotes of that line"
            )
    return Table(
        place=place,
        names=tuple(names),
        rows=[cells for _, cells in body],
        lines=[line for line, _ in body],
        digest=hashlib.sha256(content).hexdigest(),
    )


def _read_bytes(path: Path, place: str) -> bytes:
    try:
        # Asked first because not every system says so when a folder is opened.
        if path.is_dir():
            raise DataError(f"{place}: this is a folder; give the path of a CSV file")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{place}: there is no such file; check the path") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"{place}: the file cannot be read ({reason}); check its path and permissions"
        ) from error


def _decode(content: bytes, place: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{place}: line {line} is not UTF-8 text; save the file as CSV in UTF-8"
        ) from error
    # Spreadsheets, archives and UTF-16 can pass as UTF-8, but CSV never holds this character.
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{place}: line {line} is not UTF-8 text; save the file as CSV in UTF-8")
    return text


def _records(text: str, place: str) -> list[_Record]:
    """Return the rows that are not blank, each with the number of the line it starts on."""
    # A quote that is never closed swallows all that follows, this mark included.
    lines = io.StringIO(f"{text}\n{_END}\n", newline="")
    reader = csv.reader(lines, delimiter=_separator(text), skipinitialspace=True)
    records: list[_Record] = []
    start = 1
    try:
        for cells in reader:
            records.append((start, [cell.strip() for cell in cells]))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{place}: line {start} is not CSV ({error}); correct it") from error
    line, cells = records.pop()
    if cells != [_END]:
        raise DataError(f"{place}: line {line} opens a quote that is never closed; close it")
    return [record for record in records if record[1] not in ([], [""])]


def _separator(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return ";" if header.count(";") > header.count(",") else ","
