"""Chunks from what numpy, pandas and pyarrow hold; none of them is imported before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from typing import Any

from .chunks import Chunk, Kept, Layout, Matrix
from .columns import Columns, from_cells, to_house
from .errors import InvalidArgumentError
from .house import FEATURES

# Kinds of numpy whose values are numbers: not truth values, times or complex ones.
_NUMBERS = frozenset("iuf")


def is_frame(source: object) -> bool:
    """Returns whether something is a DataFrame of pandas."""
    return hasattr(source, "iloc") and hasattr(source, "columns")


def is_array(source: object) -> bool:
    """Returns whether something is an array of numpy."""
    return hasattr(source, "__array_interface__") and hasattr(source, "astype")


def from_frame(frame: Any, layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a DataFrame; NaN and NA are missing values.

    Raises:
        InvalidArgumentError: The columns are not those of houses.
    """
    columns = Columns([str(name) for name in frame.columns], layout)
    for start in range(layout.skip, len(frame), layout.chunk_rows):
        rows = slice(start, start + layout.chunk_rows)
        part = frame.iloc[rows, columns.places]
        # By way of objects: each value keeps its own type.
        others = frame.iloc[rows, list(columns.kept)].astype(object) if columns.kept else None
        kept = () if others is None else list(map(tuple, others.to_numpy().tolist()))
        if layout.form == "matrix" and all(each.kind in _NUMBERS for each in part.dtypes):
            try:
                values = part.to_numpy(dtype="<f8", na_value=float("nan"))
            except (TypeError, ValueError):
                # Some cell is odd: row by row, to say which.
                pass
            else:
                yield _block(start, columns.features, values, kept)
                continue
        records = part.set_axis(columns.features, axis=1).to_dict("records")
        houses = [from_cells(columns.features, row.values()) for row in records]
        yield layout.pack(start, houses, kept)


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
    if layout.keep:
        raise InvalidArgumentError(
            "an array has no names of columns, so none can be kept; give a DataFrame",
            reason="UNKNOWN_COLUMN",
        )
    for start in range(layout.skip, len(values), layout.chunk_rows):
        part = values[start : start + layout.chunk_rows]
        if part.dtype.kind not in _NUMBERS:
            # Cell by cell, each with its own type: a time as a number would mean nothing.
            yield layout.pack(start, [from_cells(FEATURES, row) for row in part], ())
        elif layout.form == "matrix":
            yield _block(start, FEATURES, _floats(part))
        else:
            rows = _floats(part).tolist()
            yield layout.pack(start, [to_house(FEATURES, row) for row in rows], ())


def _floats(part: Any) -> Any:
    floats = part.astype("<f8")
    # Below the mask of an array that has one stands whatever was there before.
    return floats.filled(float("nan")) if hasattr(floats, "filled") else floats


def from_parquet(path: str | PathLike[str], layout: Layout) -> Iterator[Chunk]:
    """Yields the chunks of a Parquet file; null and NaN are missing values.

    Raises:
        InvalidArgumentError: The columns are not those of houses, or the file is damaged.
        ImportError: pyarrow is not installed.
    """
    with _explained(path):
        yield from _batches(_parquet(path), layout)


def _batches(file: Any, layout: Layout) -> Iterator[Chunk]:
    all_names = file.schema_arrow.names
    columns = Columns(all_names, layout)
    names = [all_names[place] for place in columns.places]
    kept_names = [all_names[place] for place in columns.kept]
    start = 0
    wanted = list(dict.fromkeys([*names, *kept_names]))
    for batch in file.iter_batches(batch_size=layout.chunk_rows, columns=wanted):
        beyond = max(layout.skip - start, 0)
        start += batch.num_rows
        if beyond < batch.num_rows:
            part = batch.slice(beyond)
            kept = [tuple(row.values()) for row in part.select(kept_names).to_pylist()]
            houses = part.select(names).rename_columns(columns.features)
            yield _of_batch(houses, start - part.num_rows, columns.features, layout, kept)
    layout.check_skipped(start)


def parquet_rows(path: str | PathLike[str]) -> int:
    """Returns how many rows a Parquet file has."""
    with _explained(path):
        return int(_parquet(path).metadata.num_rows)


def _of_batch(
    batch: Any, start: int, features: list[str], layout: Layout, kept: Sequence[Kept]
) -> Chunk:
    if layout.form == "matrix" and all(map(_may_be_numbers, batch.schema.types)):
        try:
            import numpy as np

            # Text, too, if all of it says numbers.
            columns = [
                column.cast("float64").to_numpy(zero_copy_only=False) for column in batch.columns
            ]
            values = np.column_stack(columns).astype("<f8", copy=False)
            return _block(start, features, values, kept)
        except (ImportError, ValueError, NotImplementedError):
            pass
    rows = batch.to_pylist()
    return layout.pack(start, [from_cells(features, row.values()) for row in rows], kept)


def _block(start: int, features: Any, values: Any, kept: Sequence[Kept] = ()) -> Chunk:
    payload = Matrix(features=tuple(features), values=values.tobytes())
    return Chunk(start=start, count=len(values), payload=payload, faults={}, kept=kept)


def _parquet(path: str | PathLike[str]) -> Any:
    try:
        from pyarrow import parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImportError("Parquet needs pyarrow: pip install pyarrow") from error
    return parquet.ParquetFile(path)


def _may_be_numbers(kind: Any) -> bool:
    # By their names in pyarrow, whose functions for it are many.
    return str(kind).startswith(("int", "uint", "halffloat", "float", "double", "string"))


@contextmanager
def _explained(path: str | PathLike[str]) -> Iterator[None]:
    """Tells what pyarrow finds wrong with a file in our own words."""
    try:
        yield
    except (OSError, ValueError, OverflowError) as error:
        # What the system says of a file has a number; what pyarrow says of its bytes has none.
        if getattr(error, "errno", None) is not None:
            raise
        text = str(error).partition("\n")[0]
        raise InvalidArgumentError(
            f"{fspath(path)}: is no sound Parquet file: {text}", reason="MALFORMED_FILE"
        ) from None
