"""Where prices go: one line a house, in the order of the input."""

import csv
import io
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from .. import json_form
from ..errors import InvalidArgumentError
from ..results import Prediction, RowError
from ..scores import ChunkScores, Marks
from ..sources import FileFormat
from .beside import NOTHING, Beside
from .claim import named, open_claimed
from .files import UsageError
from .lines import Done, done_so_far
from .parquet import ParquetOutput, is_missing

_COLUMNS = ("row", "prediction", "model_version", "out_of_range", "imputed")
# Where the server does not say which features those of a house are.
_UNKNOWN = "?"


class Output:
    """Writes prices; a house without one has an empty price, so that lines match the input's.

    Args:
        path: A file, or "-" for the standard output.
        file_format: What to write.
        keep: Names of the columns that are handed on.
        beside: What to write beside prices.
        resume: Whether to go on with a file that is half done.
        force: Whether to write over a file that exists.

    Raises:
        InvalidArgumentError: The format cannot be gone on with, or has two columns of a name.
        UsageError: It is to be gone on with, but is none of our outputs, or another job's.
    """

    def __init__(
        self,
        path: str,
        file_format: FileFormat,
        *,
        keep: Sequence[str] = (),
        beside: Beside = NOTHING,
        resume: bool,
        force: bool,
    ) -> None:
        columns = (*_COLUMNS, *beside.names)
        _check_names(keep, columns, file_format)
        if resume and (path == "-" or file_format == "parquet"):
            raise InvalidArgumentError("--resume needs an output file of CSV or NDJSON")
        self._path = path
        if file_format == "parquet":
            self._writer: _Writer = ParquetOutput(path, keep, beside)
        elif file_format == "csv":
            header = _line((*columns, *keep))
            self._writer = _Lines(path, header, partial(_csv, beside), resume=resume, force=force)
        else:
            self._writer = _Lines(
                path, "", partial(_ndjson, keep, beside), resume=resume, force=force
            )
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


def _check_names(keep: Sequence[str], columns: Sequence[str], file_format: FileFormat) -> None:
    # In NDJSON, they stand apart.
    own = set() if file_format == "ndjson" else set(columns)
    for name in keep:
        plain = name.strip().lower()
        if plain in columns and plain in own:
            raise InvalidArgumentError(
                f"--keep {name}: the output has a column of that name itself; write NDJSON "
                '(--to ndjson), where it stands under "kept", or rename the column of the input'
            )
        if plain in own:
            raise InvalidArgumentError(f"--keep {name} is given twice; give it once")
        own.add(plain)


class _Lines:
    """CSV or NDJSON; a header makes it CSV. There is no file before there is a price."""

    def __init__(
        self,
        path: str,
        header: str,
        text: Callable[[ChunkScores], str],
        *,
        resume: bool,
        force: bool,
    ) -> None:
        self._text = text
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


def _csv(beside: Beside, scores: ChunkScores) -> str:
    version = scores.model_version
    outside, imputed = _words(scores.out_of_range), _words(scores.imputed)
    # What every line of an ordinary chunk ends with.
    is_plain = scores.out_of_range == scores.imputed == {} and not (scores.kept or beside.names)
    plain = f",{version},,\n" if is_plain else ""
    ends = _beside(beside, scores) if beside.names else ()
    lines = []
    for place, price in enumerate(scores.prices):
        row, text = scores.start + place, repr(price) if price == price else ""  # noqa: PLR0124
        start = f",{version},{outside[place]},{imputed[place]}{ends[place] if ends else ''}"
        end = plain or _end(scores, place, start)
        lines.append(f"{row},{text}{end}")
    return "".join(lines)


def _beside(beside: Beside, scores: ChunkScores) -> list[str]:
    rows = zip(*beside.columns(scores), strict=True)
    # A float is written so as to be read as the same.
    return ["".join("," if each is None else f",{each}" for each in row) for row in rows]


def _end(scores: ChunkScores, place: int, start: str) -> str:
    return f"{start},{_line(scores.kept[place])}" if scores.kept else f"{start}\n"


def _words(marks: Marks | None) -> dict[int, str]:
    """Returns the features of each house as they stand in a cell; "" for one without."""
    known = {} if marks is None else {row: " ".join(names) for row, names in marks.items()}
    return defaultdict(lambda: _UNKNOWN if marks is None else "", known)


def _line(cells: Iterable[object]) -> str:
    """Returns a line of CSV; a cell has no line break, by which lines are told apart."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return line.getvalue()


def _cell(value: object) -> str:
    return "" if is_missing(value) else " ".join(str(value).splitlines())


def _ndjson(keep: Sequence[str], beside: Beside, scores: ChunkScores) -> str:
    documents = [_document(keep, scores.model_version, each) for each in scores.results()]
    if beside.names:
        for document, *row in zip(documents, *beside.columns(scores), strict=True):
            document |= dict(zip(beside.names, row, strict=True))
    return "".join(f"{json.dumps(document, default=str)}\n" for document in documents)


def _document(keep: Sequence[str], version: str, found: Prediction | RowError) -> dict[str, object]:
    """Returns a line: as of the stream over HTTP, and by which model, so that a job can go on."""
    kept = [None if is_missing(each) else each for each in found.kept]
    beside = {"kept": dict(zip(keep, kept, strict=True))} if keep else {}
    return {**json_form.of_result(found), "model_version": version, **beside}
