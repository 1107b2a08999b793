"""What the loader makes of files that can be used."""

import hashlib
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from admin.data.dataset import Dataset, load, load_features
from housing_grpc.bundle.schema import FEATURE_NAMES

COLUMNS = [*FEATURE_NAMES, "MEDV"]
SHIPPED = Path(__file__).parents[3] / "data" / "HousingData.csv"

Rows = list[list[str]]


def some_rows(count: int = 20) -> Rows:
    """Take a header and rows without a blank from the shipped file."""
    lines = [line.split(",") for line in SHIPPED.read_text().splitlines()]
    return [lines[0], *[line for line in lines[1:] if "NA" not in line][:count]]


def numbers(rows: Rows) -> list[list[float]]:
    return [[float(cell) for cell in row] for row in rows[1:]]


def text(rows: Rows, separator: str = ",", newline: str = "\n") -> str:
    return "".join(separator.join(row) + newline for row in rows)


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "houses.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_holds(dataset: Dataset, rows: Rows) -> None:
    expected = np.array(numbers(rows))
    np.testing.assert_array_equal(dataset.features.to_numpy(), expected[:, :-1])
    np.testing.assert_array_equal(dataset.target.to_numpy(), expected[:, -1])


def test_the_shipped_file_is_loaded_whole() -> None:
    dataset = load(SHIPPED)
    assert list(dataset.features.columns) == list(FEATURE_NAMES)
    assert set(dataset.features.dtypes) == {np.dtype("float64")}
    assert dataset.features.index.equals(pd.RangeIndex(506))
    assert (dataset.target.name, dataset.target.dtype) == ("MEDV", np.dtype("float64"))
    assert dataset.target.index.equals(pd.RangeIndex(506))
    assert (dataset.target.iloc[0], dataset.target.iloc[-1]) == (24.0, 11.9)
    assert int(dataset.features.isna().sum().sum()) == 120
    assert (dataset.target_unit, dataset.dropped_rows) == ("thousands of USD", 0)
    assert dataset.digest == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert dataset.warnings == ()


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    rows = some_rows()
    turned = [row[::-1] for row in rows]
    assert_holds(load(write(tmp_path, text(turned))), rows)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_ways_of_writing_a_csv(tmp_path: Path, separator: str, newline: str, prefix: bytes) -> None:
    rows = some_rows()
    path = write(tmp_path, prefix + text(rows, separator, newline).encode())
    assert_holds(load(path), rows)


def test_quotes_spaces_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    rows = some_rows()
    dressed = [[f' "{cell}" ' for cell in row] for row in rows[:5]]
    dressed += [[f"\t{cell}  " for cell in row] for row in rows[5:]]
    content = "\n  \n" + text(dressed[:9]) + "\n" + text(dressed[9:]) + "\n\r\n   \n"
    assert_holds(load(write(tmp_path, content)), rows)


def test_the_last_line_needs_no_line_end(tmp_path: Path) -> None:
    rows = some_rows()
    assert_holds(load(write(tmp_path, text(rows).rstrip("\n"))), rows)


@pytest.mark.parametrize("cell", ["", "  ", '""', "NA", "NaN", "nan", "N/A", "null", "NULL"])
def test_ways_of_writing_a_missing_value(tmp_path: Path, cell: str) -> None:
    rows = some_rows()
    rows[3][COLUMNS.index("RM")] = cell
    missing = load(write(tmp_path, text(rows))).features.isna()
    assert missing.loc[2, "RM"]
    assert int(missing.sum().sum()) == 1


def test_other_columns_are_named_in_a_warning(tmp_path: Path) -> None:
    rows = some_rows()
    added = [["town", "", "price", ""], *([f"Lynn {n}, MA", "x", "1", "2"] for n in range(20))]
    wide = [[f'"{new[0]}"', *row, *new[1:]] for row, new in zip(rows, added, strict=True)]
    dataset = load(write(tmp_path, text(wide)))
    assert_holds(dataset, rows)
    assert dataset.warnings == ("columns not used: 'town', (no name), 'price', (no name)",)


def test_rows_without_a_target_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = some_rows(23)
    gaps = {1, 7, 23}
    written = [[*row[:-1], "NA"] if n in gaps else row for n, row in enumerate(rows)]
    dataset = load(write(tmp_path, text(written)))
    assert_holds(dataset, [row for n, row in enumerate(rows) if n not in gaps])
    assert dataset.features.index.equals(pd.RangeIndex(20))
    assert dataset.dropped_rows == 3
    assert dataset.warnings == ("rows left out because they have no MEDV: 3",)


def with_targets(low: float) -> str:
    """Make a file of 21 rows whose targets are low, low + 1, ..., with median low + 10."""
    header, *rows = some_rows(21)
    return text([header, *([*row[:-1], str(low + n)] for n, row in enumerate(rows))])


def test_the_unit_is_told_from_the_median(tmp_path: Path) -> None:
    in_thousands = load(write(tmp_path, with_targets(990)))
    assert (in_thousands.target_unit, in_thousands.warnings) == ("thousands of USD", ())
    in_dollars = load(write(tmp_path, with_targets(990.5)))
    assert in_dollars.target_unit == "USD"
    assert in_dollars.target.median() == 1000.5
    (warning,) = in_dollars.warnings
    assert warning == (
        "the median of MEDV is 1000.5, so its unit is taken to be USD;"
        " name the unit if it is another"
    )


def test_a_unit_that_is_given_is_kept(tmp_path: Path) -> None:
    dataset = load(write(tmp_path, with_targets(250_000)), target_unit="EUR")
    assert (dataset.target_unit, dataset.warnings) == ("EUR", ())


def test_features_alone_need_no_target(tmp_path: Path) -> None:
    rows = some_rows(2)
    without, _ = load_features(write(tmp_path, text([row[:-1] for row in rows])))
    np.testing.assert_array_equal(without.to_numpy(), np.array(numbers(rows))[:, :-1])
    ignored, _ = load_features(write(tmp_path, text([[*row[:-1], "about 20"] for row in rows])))
    pd.testing.assert_frame_equal(ignored, without)


def test_features_alone_may_lack_every_value_of_a_column(tmp_path: Path) -> None:
    rows = some_rows(1)
    rows[1][COLUMNS.index("LSTAT")] = "NA"
    features, _ = load_features(write(tmp_path, text(rows)))
    assert features.shape == (1, 13)
    assert math.isnan(features["LSTAT"].iloc[0])
