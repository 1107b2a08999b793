"""What the loader says of files that cannot be used."""

from pathlib import Path

import pytest

from admin.base.errors import DataError
from admin.data.dataset import load, load_features
from housing_grpc.bundle.schema import FEATURE_NAMES

COLUMNS = [*FEATURE_NAMES, "MEDV"]
SIX = "'six' is not a number; write a plain number, or NA if it is not known"
TWO = "'2' is not allowed; write 0 or 1, or NA if it is not known"
COMMA = "'6,5' is not a number; write a point for decimals and nothing between thousands"
RAGGED = "but the header has 14; check the separators and quotes of that line"
ALL_MISSING = f"missing columns {', '.join(COLUMNS)};"
NOT_UTF8 = "is not UTF-8 text; save the file as CSV in UTF-8"
EMPTY = "there is no line; the first one names the columns"
HOUSE = ["0.1", "18", "2.3", "0", "0.5", "6.5", "65", "4", "1", "296", "15.3", "396.9", "5"]


def good_rows(count: int = 20) -> list[list[str]]:
    """Make a header and rows that can be trained on; only the target differs."""
    return [list(COLUMNS), *([*HOUSE, str(20 + row)] for row in range(count))]


def text(rows: list[list[str]], separator: str = ",") -> str:
    return "".join(separator.join(row) + "\n" for row in rows)


def with_cell(line: int, column: str, cell: str) -> str:
    rows = good_rows()
    rows[line - 1][COLUMNS.index(column)] = cell
    return text(rows)


def with_column(column: str, cell: str) -> str:
    position = COLUMNS.index(column)
    header, *rows = good_rows()
    return text([header, *([*row[:position], cell, *row[position + 1 :]] for row in rows)])


def with_names(**renamed: str) -> str:
    header, *rows = good_rows()
    return text([[renamed.get(name, name) for name in header], *rows])


def without(*names: str) -> str:
    kept = [position for position, name in enumerate(COLUMNS) if name not in names]
    return text([[row[position] for position in kept] for row in good_rows()])


def refusal(folder: Path, content: str | bytes) -> str:
    """Return what loading says of the content, without the path it starts with."""
    path = folder / "houses.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return refusal_of(path)


def refusal_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load(path)
    place, _, message = str(caught.value).partition(": ")
    assert place == str(path)
    return message


def test_the_good_rows_are_good(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    path.write_text(text(good_rows()))
    assert len(load(path).target) == 20


def test_no_such_file(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    assert refusal_of(path) == "there is no such file; check the path"
    path.touch()
    assert refusal_of(path / "more.csv") == "there is no such file; check the path"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal_of(tmp_path) == "this is a folder; give the path of a CSV file"


def test_a_file_the_system_does_not_open(tmp_path: Path) -> None:
    message = refusal_of(tmp_path / ("x" * 300))
    assert message == (
        "the file cannot be read (File name too long); check its path and permissions"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", EMPTY),
        (b"\xef\xbb\xbf\r\n  \n", EMPTY),
        (text(good_rows(0)) + "\n", "there are no rows below the header; add some"),
        (text(good_rows()).encode("utf-16"), f"line 1 {NOT_UTF8}"),
        (text(good_rows()).encode("utf-16-le"), f"line 1 {NOT_UTF8}"),
        (
            text(good_rows()) + "1,2,3\n",
            f"line 22 has 3 cells {RAGGED}",
        ),
        (
            with_cell(4, "MEDV", "7,5"),
            f"line 4 has 15 cells {RAGGED}",
        ),
        (with_cell(5, "MEDV", '"7'), "line 5 has a quote that is not closed in its line"),
        (with_cell(21, "MEDV", '"'), "line 21 has a quote that is not closed in its line"),
        (
            with_cell(3, "B", f'"{"1" * 200_000}"'),
            "line 3 is no line of CSV: field larger than field limit (131072)",
        ),
        (
            with_cell(3, "B", "1" * (1 << 20)),
            "line 3 is longer than 1,048,576 characters; write one row a line",
        ),
        (
            text(good_rows()) + "1,2,3\n" * 7,
            "; ".join(f"line {line} has 3 cells {RAGGED}" for line in range(22, 27))
            + "; and 2 more",
        ),
        (b"PAR1 and so on", "it is no sound Parquet file"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(tmp_path, content).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (without("RM"), "missing column RM; add it to the file"),
        (
            without("TAX", "MEDV", "ZN"),
            "missing columns ZN, TAX, MEDV; add them to the file",
        ),
        (
            with_names(RM="rms", TAX="x", B="Bk", PTRATIO="PRATIO"),
            (
                "missing columns RM, TAX, PTRATIO, B;"
                " column 'rms' is no feature (did you mean RM?): rename it, or take it out;"
                " column 'PRATIO' is no feature (did you mean PTRATIO?): rename it, or take it out"
            ),
        ),
        (
            text(good_rows(), "|"),
            (
                f"{ALL_MISSING} the header is one cell:"
                " separate the cells with commas, semicolons or tabs"
            ),
        ),
        (
            text(good_rows()[1:]).replace(",", ",x"),
            (
                f"{ALL_MISSING} name the columns so: there are '0.1', 'x18', 'x2.3', 'x0', 'x0.5',"
                " 'x6.5', 'x65', 'x4', 'x1', 'x296', and 4 more"
            ),
        ),
        (
            text([[*row, "ZN" if row[0] == "CRIM" else "2"] for row in good_rows()]),
            "ZN is there 2 times ('ZN', 'ZN'): keep one",
        ),
        (
            text([[*row, "tax" if row[0] == "CRIM" else "2"] for row in good_rows()]),
            "TAX is there 2 times ('TAX', 'tax'): keep one",
        ),
    ],
)
def test_headers(tmp_path: Path, content: str, message: str) -> None:
    assert refusal(tmp_path, content) == message


def test_decimal_commas_between_semicolons(tmp_path: Path) -> None:
    rows = good_rows()
    rows[2][COLUMNS.index("RM")] = "6,5"
    assert refusal(tmp_path, text(rows, ";")) == f"line 3, column RM: {COMMA}"


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    """Blank lines count, and so does one above the header."""
    header, first, second, *rows = good_rows(21)
    second[COLUMNS.index("RM")] = "six"
    above = "20,13" + "," * 12 + "\n\n"
    message = refusal(tmp_path, above + text([header, first]) + "\n" + text([second, *rows]))
    assert message == f"line 6, column RM: {SIX}"
    assert refusal(tmp_path, text([first, second, *rows])) == f"line 2, column RM: {SIX}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            text(good_rows(19)),
            "too few rows to train on: 19 with a value in MEDV, at least 20 are needed",
        ),
        (
            with_cell(2, "MEDV", "NA"),
            "too few rows to train on: 19 with a value in MEDV, at least 20 are needed",
        ),
        (with_column("MEDV", "NA"), "no row has a value in MEDV; fill the column in"),
        (
            with_column("MEDV", "24.5"),
            "MEDV is 24.5 in every row; give rows that differ in it",
        ),
        (
            with_column("LSTAT", "NA"),
            "no row to train on has a value in LSTAT; fill in some values",
        ),
    ],
)
def test_rows_nothing_can_be_learned_from(tmp_path: Path, content: str, message: str) -> None:
    assert refusal(tmp_path, content) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", EMPTY),
        (text(good_rows(0)), "there are no rows below the header; add some"),
        (
            with_names(LSTAT="LSTATT"),
            "column 'LSTATT' is no feature (did you mean LSTAT?): rename it, or take it out",
        ),
        (with_cell(2, "RM", "six"), f"line 2, column RM: {SIX}"),
        (with_cell(3, "CHAS", "2"), f"line 3, column CHAS: {TWO}"),
    ],
)
def test_features_alone_are_checked_the_same(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "houses.csv"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        load_features(path)
    assert str(caught.value) == f"{path}: {message}"
