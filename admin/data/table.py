"""Reads a file of houses into cells, remembering where each row came from."""

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from housing_grpc.bundle import small_file
from housing_table import text
from housing_table.columns import Columns
from housing_table.errors import TableError

from ..base.errors import DataError

# What every Parquet file begins with.
_PARQUET = b"PAR1"
_LISTED = 5

MOST_BYTES = 256 * 2**20
"""Of a file: all of it is read into memory, as values that take many times their bytes there."""

_MOST_ROWS = 2_000_000
_BATCH_ROWS = 65_536

Choose = Callable[[Sequence[str]], Columns]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns that are used, as cells.

    Attributes:
        place: The path, for messages.
        names: Of the columns: features, and the price if it was asked for.
        rows: Their cells: texts, or from Parquet values of any type.
        where: For each row, what to call it, such as "line 7".
        notes: What was renamed, skipped or left out, one line each.
        digest: SHA-256 of the file's bytes, in hexadecimal.
    """

    place: str
    names: tuple[str, ...]
    rows: list[tuple[object, ...]]
    where: list[str]
    notes: tuple[str, ...]
    digest: str


def read_table(path: str | Path, choose: Choose) -> Table:
    """Read a CSV or Parquet file by the rules of `housing_table`.

    Args:
        path: The file.
        choose: Says which columns are used, or raises TableError.

    Returns:
        The data rows, of which there is at least one.

    Raises:
        DataError: The file cannot be read, lacks a column, has no rows, or has a row that is
            not as wide as the header.
    """
    place = str(Path(path))
    content = _read_bytes(Path(path), place)
    read = _parquet if content.startswith(_PARQUET) else _text
    try:
        columns, rows, where, notes = read(content, choose)
    except TableError as error:
        raise DataError(f"{place}: {error}") from error
    if not rows:
        raise DataError(f"{place}: there are no rows below the header; add some")
    return Table(
        place=place,
        names=tuple(columns.places),
        rows=rows,
        where=where,
        notes=(*notes, *columns.notes),
        digest=hashlib.sha256(content).hexdigest(),
    )


class Faults:
    """What is wrong with a table: of many, the first are kept and the others counted."""

    def __init__(self) -> None:
        self._first: list[str] = []
        self._count = 0

    def add(self, fault: str) -> None:
        """Take one more."""
        self._count += 1
        if self._count <= _LISTED:
            self._first.append(fault)

    def __bool__(self) -> bool:
        return self._count > 0

    def __str__(self) -> str:
        more = [f"and {self._count - _LISTED} more"] if self._count > _LISTED else []
        return "; ".join([*self._first, *more])


_Read = tuple[Columns, list[tuple[object, ...]], list[str], tuple[str, ...]]


def _text(content: bytes, choose: Choose) -> _Read:
    # Bytes that are no UTF-8 make a cell that is no number, and matter where one is needed.
    decoded = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors="replace", newline="")
    lines = _Counted(decoded)
    found = text.read(lines)
    columns = choose(found.names)
    rows: list[tuple[object, ...]] = []
    where: list[str] = []
    faults = Faults()
    for row in found.rows:
        line = f"line {lines.count}"
        if isinstance(row, text.RowFault):
            faults.add(f"{line} {row.text}")
        elif len(row) != columns.width:
            faults.add(
                f"{line} has {len(row)} cells but the header has {columns.width};"
                " check the separators and quotes of that line"
            )
        else:
            rows.append(tuple(row[place] for place in columns.places.values()))
            where.append(line)
            _check_rows(len(rows))
    if faults:
        raise TableError(str(faults))
    return columns, rows, where, (*found.notes, *found.empty.notes())


def _parquet(content: bytes, choose: Choose) -> _Read:
    try:
        import pyarrow as arrow  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        raise TableError("Parquet needs pyarrow; install it with: pip install pyarrow") from error
    rows: list[tuple[object, ...]] = []
    try:
        file = parquet.ParquetFile(arrow.BufferReader(content))
        columns = choose(file.schema_arrow.names)
        # guard: a small file of billions of rows
        _check_rows(file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            # Not by the names, of which one may stand there twice.
            used = [batch.column(place).to_pylist() for place in columns.places.values()]
            rows += zip(*used, strict=True)
    except (arrow.ArrowException, OSError, OverflowError) as error:
        reason = str(error).partition("\n")[0]
        raise TableError(f"it is no sound Parquet file ({reason}); write it anew") from error
    return columns, rows, [f"row {number}" for number in range(1, len(rows) + 1)], ()


def _check_rows(count: int) -> None:
    if count > _MOST_ROWS:
        raise TableError(f"there are more than {_MOST_ROWS:,} rows; take a sample of them")


class _Counted:
    """Lines, and how many of them were drawn."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.count = 0
        self._lines = iter(lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.count += 1
        return line


def _read_bytes(path: Path, place: str) -> bytes:
    try:
        # Asked first because not every system says so when a folder is opened.
        if path.is_dir():
            raise DataError(f"{place}: this is a folder; give the path of a CSV file")
        if path.is_char_device() or path.is_block_device():
            # Such as one of zeros without end.
            raise DataError(f"{place}: this is a device; give the path of a CSV file")
        return small_file.read(path, MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DataError(f"{place}: there is no such file; check the path") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"{place}: the file cannot be read ({reason}); check its path and permissions"
        ) from error
