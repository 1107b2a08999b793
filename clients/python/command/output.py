"""Where prices go: one line a house, in the order of the input."""

import json
import sys
from itertools import repeat
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

from ..errors import InvalidArgumentError
from ..scores import ChunkScores
from ..sources import FileFormat
from .lines import Done, done_so_far

_HEADER = "row,prediction,model_version\n"


class Output:
    """Writes prices; a house without one has an empty price, so that lines match the input's.

    Args:
        path: A file, or "-" for the standard output.
        file_format: What to write.
        resume: Whether to go on with a file that is half done.
        force: Whether to write over a file that exists.

    Raises:
        InvalidArgumentError: The file exists, or is of a format that cannot be gone on with.
        UsageError: It is to be gone on with, but is none of our outputs.
    """

    def __init__(self, path: str, file_format: FileFormat, *, resume: bool, force: bool) -> None:
        if path != "-" and Path(path).exists() and not (resume or force):
            raise InvalidArgumentError(
                f"{path} exists; go on with it by --resume, or write over it by --force"
            )
        if resume and (path == "-" or file_format == "parquet"):
            raise InvalidArgumentError("--resume needs an output file of CSV or NDJSON")
        self._writer = _open(path, file_format, resume=resume)
        self.rows = self._writer.done.rows
        self.model_version = self._writer.done.model_version

    def write(self, scores: ChunkScores) -> None:
        """Writes a chunk; it is in the file when this returns."""
        self._writer.write(scores)
        self.rows += len(scores.prices)

    def __enter__(self) -> "Output":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._writer.close(whole=kind is None)


class _Writer(Protocol):
    done: Done

    def write(self, scores: ChunkScores) -> None: ...
    def close(self, *, whole: bool) -> None: ...


def _open(path: str, file_format: FileFormat, *, resume: bool) -> _Writer:
    if file_format == "parquet":
        return _Parquet(path)
    header = _HEADER if file_format == "csv" else ""
    return _Lines(path, header, resume=resume)


class _Lines:
    """CSV or NDJSON; a header makes it CSV. There is no file before there is a price."""

    def __init__(self, path: str, header: str, *, resume: bool) -> None:
        self._text = _csv if header else _ndjson
        self._path = path
        self._file: IO[str] | None = None
        self.done = Done()
        if resume and Path(path).exists():
            self.done = done_so_far(path, header)
        self._header = "" if self.done.rows else header

    def write(self, scores: ChunkScores) -> None:
        file = self._opened()
        file.write(self._text(scores))
        file.flush()

    def close(self, *, whole: bool) -> None:
        if whole:
            self._opened()
        if self._file is not None and self._path != "-":
            self._file.close()

    def _opened(self) -> IO[str]:
        if self._file is None:
            mode = "a" if self.done.rows else "w"
            self._file = sys.stdout
            if self._path != "-":
                self._file = Path(self._path).open(mode, encoding="utf-8", newline="")  # noqa: SIM115
            self._file.write(self._header)
        return self._file


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


class _Parquet:
    """Written beside its place and renamed at the end: half a Parquet file is none."""

    def __init__(self, path: str | PathLike[str]) -> None:
        if path == "-":
            raise InvalidArgumentError("Parquet is written to a file, not to the standard output")
        try:
            import pyarrow  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise ImportError("Parquet needs pyarrow: pip install pyarrow") from error
        self._arrow: Any = pyarrow
        self._path, self._part = Path(path), Path(f"{path}.part")
        self._schema = pyarrow.schema(
            [("row", "int64"), ("prediction", "float64"), ("model_version", "string")]
        )
        self._file = parquet.ParquetWriter(self._part, self._schema)
        self.done = Done()

    def write(self, scores: ChunkScores) -> None:
        count = len(scores.prices)
        columns = (
            range(scores.start + 1, scores.start + 1 + count),
            (price if price == price else None for price in scores.prices),  # noqa: PLR0124
            repeat(scores.model_version, count),
        )
        arrays = [
            self._arrow.array(list(values), field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._file.write_batch(self._arrow.record_batch(arrays, schema=self._schema))

    def close(self, *, whole: bool) -> None:
        self._file.close()
        if whole:
            self._part.replace(self._path)
        else:
            self._part.unlink()
