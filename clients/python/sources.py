"""Chunks from whatever holds houses: rows, a table in memory or a file."""

import sys
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sized,
)
from contextlib import closing, contextmanager
from io import TextIOWrapper
from os import PathLike, fspath
from pathlib import Path
from typing import Any, Literal

from housing.v1 import prediction_pb2 as pb

from . import tables, text
from .chunks import Chunk, Layout
from .errors import InvalidArgumentError

FileFormat = Literal["csv", "ndjson", "parquet"]

FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".pq": "parquet",
}
# Of texts with other separators than commas, which are read and not written.
_READ_AS_CSV = (".tsv", ".tab", ".txt", ".data")

# Bytes that are no UTF-8 make a cell that is no number, not a file that is unreadable.
_TEXT: Any = {"encoding": "utf-8-sig", "errors": "replace", "newline": ""}


def chunks_of(source: Any, layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of rows, a DataFrame, an array, or a file by its path.

    Raises:
        InvalidArgumentError: It is nothing that has houses.
        OSError: The file cannot be read.
    """
    if isinstance(source, str | PathLike):
        yield from from_file(source, format_of(source), layout)
    elif tables.is_frame(source):
        yield from tables.from_frame(source, layout)
    elif tables.is_array(source):
        yield from tables.from_array(source, layout)
    elif isinstance(source, Iterable) and not isinstance(source, Mapping):
        for start, batch in layout.batches(source):
            yield layout.pack(start, batch)
    else:
        raise InvalidArgumentError(
            f"a {type(source).__name__} is nothing to score; give a list of rows, a DataFrame, "
            "an array or the path of a file",
            reason="NOT_A_SOURCE",
        )


async def chunks_of_async(source: AsyncIterable[Any], layout: Layout) -> AsyncIterator[Chunk]:
    """Yields the chunks of rows that arrive one by one."""
    start, batch = 0, []
    async for house in source:
        batch.append(house)
        if len(batch) == layout.chunk_rows:
            yield layout.pack(start, batch)
            start, batch = start + len(batch), []
    if batch:
        yield layout.pack(start, batch)


def from_file(
    path: str | PathLike[str], file_format: FileFormat, layout: Layout
) -> Generator[Chunk, None, None]:
    """Yields the chunks of a file; "-" is the standard input.

    Raises:
        OSError: It cannot be read.
    """
    if file_format == "parquet":
        yield from tables.from_parquet(path, layout)
        return
    read = text.from_csv if file_format == "csv" else text.from_ndjson
    with _lines(path) as lines:
        yield from read(lines, layout)


def one_house(path: str | PathLike[str]) -> pb.House:
    """Returns the house of a file that holds one.

    Raises:
        InvalidArgumentError: It holds none, more than one, or one that cannot be read.
        OSError: It cannot be read.
    """
    layout = Layout(form="rows", chunk_rows=2)
    with closing(from_file(path, format_of(path), layout)) as chunks:
        chunk = next(chunks, None)
    count = chunk.count if chunk else 0
    if chunk is None or count != 1:
        what = "more than one house" if count else "no house"
        raise InvalidArgumentError(
            f"{fspath(path)}: holds {what}; name a file with one", reason="NOT_A_HOUSE"
        )
    for fault in chunk.faults.values():
        raise InvalidArgumentError(f"{fspath(path)}: {fault.message}", reason=fault.reason)
    return chunk.payload[0]  # type: ignore[index]


def format_of(path: str | PathLike[str], *, to_write: bool = False) -> FileFormat:
    """Returns the format that a file's name says.

    Raises:
        InvalidArgumentError: It says none, or one that is only read.
    """
    suffix = Path(path).suffix.lower()
    if suffix in _READ_AS_CSV and not to_write:
        return "csv"
    found = FORMATS.get(suffix)
    if found is None:
        raise InvalidArgumentError(
            f"{fspath(path)}: its name does not say what it holds; "
            f"name it {', '.join('*' + suffix for suffix in FORMATS)}",
            reason="UNKNOWN_FORMAT",
        )
    return found


def count_of(source: Any) -> int | None:
    """Returns how many houses there are, or None if that takes reading them."""
    if isinstance(source, str | PathLike):
        is_parquet = FORMATS.get(Path(source).suffix.lower()) == "parquet"
        return tables.parquet_rows(source) if is_parquet else None
    return len(source) if isinstance(source, Sized) else None


@contextmanager
def _lines(path: str | PathLike[str]) -> Iterator[Iterator[str]]:
    if path == "-":
        # A stand-in for it may have no bytes.
        if not hasattr(sys.stdin, "buffer"):
            yield text.bounded(sys.stdin)
            return
        piped = TextIOWrapper(sys.stdin.buffer, **_TEXT)
        try:
            yield text.bounded(piped)
        finally:
            piped.detach()
        return
    with Path(path).open(**_TEXT) as file:
        yield text.bounded(file)
