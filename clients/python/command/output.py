"""Where prices go: one line a house, in the order of the input."""

import json
import os
import sys
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from ..errors import InvalidArgumentError
from ..scores import ChunkScores
from ..sources import FileFormat
from .claim import named, open_claimed
from .files import UsageError
from .lines import Done, done_so_far
from .parquet import ParquetOutput

_HEADER = "row,prediction,model_version\n"


class Output:
    """Writes prices; a house without one has an empty price, so that lines match the input's.

    Args:
        path: A file, or "-" for the standard output.
        file_format: What to write.
        resume: Whether to go on with a file that is half done.
        force: Whether to write over a file that exists.

    Raises:
        InvalidArgumentError: The format cannot be gone on with.
        UsageError: It is to be gone on with, but is none of our outputs, or another job's.
    """

    def __init__(self, path: str, file_format: FileFormat, *, resume: bool, force: bool) -> None:
        if resume and (path == "-" or file_format == "parquet"):
            raise InvalidArgumentError("--resume needs an output file of CSV or NDJSON")
        self._path = path
        self._writer = _open(path, file_format, resume=resume, force=force)
        self.rows = self.done.rows

    @property
    def done(self) -> Done:
        """What was there already."""
        return self._writer.done

    def start(self) -> None:
        """Takes hold of the file, before anything is written to it or beside it.

        Raises:
            UsageError: Another job writes it.
        """
        with named(self._path):
            self._writer.start()

    def write(self, scores: ChunkScores) -> None:
        """Writes a chunk; it is in the file when this returns."""
        with named(self._path):
            self._writer.write(scores)
        self.rows += len(scores.prices)

    def __enter__(self) -> "Output":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        with named(self._path):
            self._writer.close(whole=kind is None)


class _Writer(Protocol):
    done: Done

    def start(self) -> None: ...
    def write(self, scores: ChunkScores) -> None: ...
    def close(self, *, whole: bool) -> None: ...


def _open(path: str, file_format: FileFormat, *, resume: bool, force: bool) -> _Writer:
    if file_format == "parquet":
        return ParquetOutput(path)
    header = _HEADER if file_format == "csv" else ""
    return _Lines(path, header, resume=resume, force=force)


class _Lines:
    """CSV or NDJSON; a header makes it CSV. There is no file before there is a price."""

    def __init__(self, path: str, header: str, *, resume: bool, force: bool) -> None:
        self._text = _csv if header else _ndjson
        self._path = Path(path)
        self._header = header
        self._force = force
        self._claimed: IO[bytes] | None = None
        self._file: IO[str] | None = sys.stdout if path == "-" else None
        self._started = False
        self.done = Done()
        if resume and self._path.is_file():
            self._claimed = open_claimed(self._path)
            try:
                self.done = done_so_far(path, self._claimed, header)
            except BaseException:
                self._claimed.close()
                raise

    def start(self) -> None:
        if self._started:
            return
        self._started = True
        if self._file is None:
            self._file = TextIOWrapper(self._opened(), encoding="utf-8", newline="")
        if not self.done.rows:
            self._file.write(self._header)

    def write(self, scores: ChunkScores) -> None:
        self.start()
        assert self._file is not None  # noqa: S101 - it was just opened
        self._file.write(self._text(scores))
        self._file.flush()

    def close(self, *, whole: bool) -> None:
        if whole:
            self.start()
        if self._file is sys.stdout:
            self._file.flush()
        else:
            for file in (self._file, self._claimed):
                if file is not None:
                    file.close()

    def _opened(self) -> IO[bytes]:
        file, is_new = self._claimed, self._claimed is None
        if file is None:
            file = self._claimed = open_claimed(self._path)
        # Only a file can be read; of a pipe or a device there is no old content.
        if file.readable() and not self.done.rows:
            if is_new and not self._force and file.seek(0, os.SEEK_END):
                raise UsageError(f"{self._path} was written by another job meanwhile")
            file.truncate(0)
        return file


def _csv(scores: ChunkScores) -> str:
    version = scores.model_version
    return "".join(
        f"{row},{price!r},{version}\n" if price == price else f"{row},,{version}\n"  # noqa: PLR0124
        for row, price in enumerate(scores.prices, scores.start + 1)
    )


def _ndjson(scores: ChunkScores) -> str:
    version = json.dumps(scores.model_version)
    return "".join(
        f'{{"row": {row}, "prediction": {price if price == price else "null"},'  # noqa: PLR0124
        f' "model_version": {version}}}\n'
        for row, price in enumerate(scores.prices, scores.start + 1)
    )
