"""Prices as Parquet."""

import math
import sys
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from ..errors import InvalidArgumentError
from ..scores import ChunkScores, Marks
from .beside import NOTHING, RECEIPT, Beside
from .claim import open_claimed
from .lines import Done


class ParquetOutput:
    """Written beside its place and renamed at the end: half a Parquet file is none.

    Args:
        path: Of the output.
        keep: Names of the columns that are handed on, as texts.
        beside: What to write beside prices.

    Raises:
        ImportError: pyarrow is not installed.
        InvalidArgumentError: It is the standard output.
        UsageError: Another job writes it.
    """

    def __init__(self, path: str, keep: Sequence[str] = (), beside: Beside = NOTHING) -> None:
        if path == "-":
            raise InvalidArgumentError("Parquet is written to a file, not to the standard output")
        try:
            import pyarrow  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise ImportError("Parquet needs pyarrow: pip install pyarrow") from error
        self._arrow: Any = pyarrow
        self._path, self._part = Path(path), Path(f"{path}.part")
        self._beside = beside
        names = pyarrow.list_(pyarrow.string())
        self._schema = pyarrow.schema(
            [
                ("row", "int64"),
                ("prediction", "float64"),
                ("model_version", "string"),
                ("out_of_range", names),
                ("imputed", names),
                *((name, "string" if name == RECEIPT else "float64") for name in beside.names),
                *((name, "string") for name in keep),
            ]
        )
        self._sink = open_claimed(self._part)
        self._sink.truncate(0)
        self._file = parquet.ParquetWriter(self._sink, self._schema)
        self.done = Done()

    def start(self) -> None:
        """Is done already: half a file has a name of its own."""

    def write(self, scores: ChunkScores) -> None:
        """Writes a chunk."""
        count = len(scores.prices)
        columns = (
            range(scores.start, scores.start + count),
            (price if price == price else None for price in scores.prices),  # noqa: PLR0124
            repeat(scores.model_version, count),
            _features(scores.out_of_range, count),
            _features(scores.imputed, count),
            *self._beside.columns(scores),
            *([_text(value) for value in column] for column in zip(*scores.kept, strict=True)),
        )
        arrays = [
            self._arrow.array(list(values), field.type)
            for values, field in zip(columns, self._schema, strict=True)
        ]
        self._file.write_batch(self._arrow.record_batch(arrays, schema=self._schema))

    def close(self, *, whole: bool) -> None:
        """Gives the file its name, or removes what there is of it."""
        try:
            self._file.close()
        except OSError:
            whole = False
            raise
        finally:
            self._end(whole=whole)

    def _end(self, *, whole: bool) -> None:
        if sys.platform == "win32":
            # An open file cannot be renamed there; elsewhere, it is ours until it has its name.
            self._sink.close()
        if whole:
            self._part.replace(self._path)
        else:
            self._part.unlink()
        self._sink.close()


def _features(marks: Marks | None, count: int) -> list[tuple[str, ...] | None]:
    """Returns the features of each house; null where the server does not say."""
    return [None if marks is None else marks.get(place, ()) for place in range(count)]


def is_missing(value: object) -> bool:
    """Tells whether a value that was kept is none."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def _text(value: object) -> str | None:
    return None if is_missing(value) else str(value)
