"""Chunks from what numpy, pandas and pyarrow hold; none of them is imported before."""

from collections.abc import Iterator
from os import PathLike
from typing import Any

from .chunks import Chunk, Layout, Matrix
from .columns import Columns, to_house, without_nan
from .errors import InvalidArgumentError
from .house import FEATURES


def is_frame(source: object) -> bool:
    """Tells whether something is a DataFrame of pandas."""
    return hasattr(source, "iloc") and hasattr(source, "columns")


def is_array(source: object) -> bool:
    """Tells whether something is an array of numpy."""
    return hasattr(source, "__array_interface__") and hasattr(source, "astype")


def from_frame(frame: Any, layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a DataFrame; NaN and NA are missing values.

    Raises:
        InvalidArgumentError: The columns are not those of houses.
    """
    columns = Columns([str(name) for name in frame.columns], layout.ignore)
    for start in range(layout.skip, len(frame), layout.chunk_rows):
        part = frame.iloc[start : start + layout.chunk_rows, columns.places]
        if layout.form == "matrix":
            try:
                values = part.to_numpy(dtype="<f8", na_value=float("nan"))
            except (TypeError, ValueError):
                # Some cell is no number: row by row, to say which.
                pass
            else:
                yield _block(start, columns.features, values)
                continue
        records = part.set_axis(columns.features, axis=1).to_dict("records")
        yield layout.pack(start, [without_nan(_none_for_na(row)) for row in records])


def from_array(values: Any, layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of an array of shape (n, 13), in the order of FEATURES.

    Raises:
        InvalidArgumentError: It has another shape.
    """
    if values.ndim != 2 or values.shape[1] != len(FEATURES):
        shape = " x ".join(map(str, values.shape))
        raise InvalidArgumentError(
            f"the array is {shape}; give one row a house, of {len(FEATURES)} values in the order "
            f"{', '.join(FEATURES)}",
            reason="SHAPE_MISMATCH",
        )
    for start in range(layout.skip, len(values), layout.chunk_rows):
        part = values[start : start + layout.chunk_rows].astype("<f8")
        if layout.form == "matrix":
            yield _block(start, FEATURES, part)
        else:
            yield layout.pack(start, [to_house(FEATURES, row) for row in part.tolist()])


def from_parquet(path: str | PathLike[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a Parquet file; null and NaN are missing values.

    Raises:
        InvalidArgumentError: The columns are not those of houses.
        ImportError: pyarrow is not installed.
    """
    file = _parquet(path)
    columns = Columns(file.schema_arrow.names, layout.ignore)
    names = [file.schema_arrow.names[place] for place in columns.places]
    start = 0
    for batch in file.iter_batches(batch_size=layout.chunk_rows, columns=names):
        beyond = max(layout.skip - start, 0)
        start += batch.num_rows
        if beyond < batch.num_rows:
            part = batch.slice(beyond).rename_columns(columns.features)
            yield _of_batch(part, start - part.num_rows, columns.features, layout)
    layout.check_skipped(start)


def parquet_rows(path: str | PathLike[str]) -> int:
    """Returns how many rows a Parquet file has."""
    return int(_parquet(path).metadata.num_rows)


def _of_batch(batch: Any, start: int, features: list[str], layout: Layout) -> Chunk:
    if layout.form == "matrix":
        try:
            import numpy as np

            # Text, too, if it says a number; a truth value is none.
            columns = [
                column.cast("float64").to_numpy(zero_copy_only=False) for column in batch.columns
            ]
            return _block(start, features, np.column_stack(columns).astype("<f8", copy=False))
        except (ImportError, ValueError, NotImplementedError):
            pass
    return layout.pack(start, [without_nan(row) for row in batch.to_pylist()])


def _block(start: int, features: Any, values: Any) -> Chunk:
    payload = Matrix(features=tuple(features), values=values.tobytes())
    return Chunk(start=start, count=len(values), payload=payload, faults={})


def _parquet(path: str | PathLike[str]) -> Any:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install pyarrow") from error
    return parquet.ParquetFile(path)


def _none_for_na(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: None if type(value).__name__ == "NAType" else value for name, value in row.items()
    }
