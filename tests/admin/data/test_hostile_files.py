"""Tables that are made to hurt whoever reads them."""

import os
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from admin.base.errors import DataError
from admin.data.dataset import load, load_features

BOTH = pytest.mark.parametrize("read", [load, load_features])


@BOTH
@pytest.mark.timeout(120)
def test_what_is_no_plain_file_or_too_large(tmp_path: Path, read: object) -> None:
    assert callable(read)
    pipe, large = tmp_path / "pipe.csv", tmp_path / "large.csv"
    os.mkfifo(pipe)
    with large.open("wb") as file:
        file.truncate(2**40)
    for path, text in (
        (pipe, "not a plain file"),
        (large, "larger than"),
        ("/dev/zero", "is a device"),
    ):
        with pytest.raises(DataError, match=text):
            read(path)


def test_a_small_parquet_file_of_millions_of_rows(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"RM": pa.repeat(6.0, 2_000_001)}), file, compression="zstd")
    assert file.stat().st_size < 100_000
    with pytest.raises(DataError, match="there are more than 2,000,000 rows; take a sample"):
        load_features(file)


@pytest.mark.parametrize("kind", [pa.date32(), pa.duration("s")])
def test_a_moment_that_python_cannot_hold(tmp_path: Path, kind: pa.DataType) -> None:
    file = tmp_path / "moments.parquet"
    moments = pa.array([2**31 - 1 if kind == pa.date32() else 2**62], kind)
    parquet.write_table(pa.table({"RM": moments, "LSTAT": [5.0]}), file)
    with pytest.raises(DataError, match="it is no sound Parquet file"):
        load_features(file)


def test_a_cell_of_parquet_is_cut_in_a_message(tmp_path: Path) -> None:
    file = tmp_path / "cell.parquet"
    parquet.write_table(pa.table({"RM": [b"x" * 1_000_000]}), file, compression="zstd")
    with pytest.raises(DataError, match="row 1, column RM: b'xxx") as caught:
        load_features(file)
    assert len(str(caught.value)) < 300


@pytest.mark.timeout(120)
def test_columns_that_come_a_hundred_thousand_times(tmp_path: Path) -> None:
    file = tmp_path / "columns.csv"
    names = "B," * 140_000 + "black," * 120_000 + "CRIM"
    assert len(names) < 2**20
    file.write_text(f"{names}\n{'1,' * 260_000}1\n")
    with pytest.raises(DataError, match="B is there 140000 times"):
        load_features(file)
