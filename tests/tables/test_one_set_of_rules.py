"""Every reader takes the same tables, and makes the same of them: one table of files for all."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow  # type: ignore[import-untyped]
import pytest
from housing.v1 import prediction_pb2
from pyarrow import parquet

from admin.base.errors import DataError
from admin.data.dataset import load, load_features
from clients import python as client
from clients.python.chunks import Layout, Matrix, from_bytes
from clients.python.sources import chunks_of
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME
from housing_table import columns
from tests.support.examples import DATA

NAMES = [*FEATURE_NAMES, TARGET_NAME]
LINES = [line.split(",") for line in DATA.read_text().splitlines()[1:41]]
LOWER = [name.lower() for name in NAMES]

# By name: a table as text, and what is said of it where a price is asked for.
Written = tuple[str, tuple[str, ...]]


def text(names: list[str], lines: list[list[str]] = LINES, separator: str = ",") -> str:
    return "".join(separator.join(line) + "\n" for line in (names, *lines))


def other(**names: str) -> list[str]:
    return [names.get(name, name.lower()) for name in NAMES]


def blank(word: str) -> str:
    return text(NAMES, [[word if cell == "NA" else cell for cell in line] for line in LINES])


def numbered(name: str) -> str:
    return text([name, *NAMES], [[str(row), *line] for row, line in enumerate(LINES, 1)])


def with_places() -> str:
    """The corrected data, as in R's mlbench: places before and prices before the features."""
    names = ["town", "tract", "lon", "lat", "medv", "cmedv", *LOWER[:-1]]
    rest = [["Nahant", "2011", "-70.955", "42.255", line[-1], "99", *line[:-1]] for line in LINES]
    return text(names, rest)


CASES_ONLY = ("columns renamed: 13 names to upper case",)
FILES: dict[str, Written] = {
    "as it is shipped": (text(NAMES), ()),
    "semicolons": (text(NAMES, separator=";"), ()),
    "tabs": (text(NAMES, separator="\t"), ()),
    "blanks": (text(NAMES, separator="  "), ()),
    "lower case": (text(LOWER), CASES_ONLY),
    "quoted names": (text([f'"{name}"' for name in NAMES]), ()),
    "R's MASS": (
        numbered('""').replace("B,", "black,", 1),
        ("columns renamed: 'black' to B", "columns not used: (no name)"),
    ),
    "scikit-learn's frame": (text(other(MEDV="target")), CASES_ONLY),
    "units": (
        text(["LSTAT (%)" if name == "LSTAT" else name for name in NAMES]).replace(
            "CRIM,", "CRIM - crime,", 1
        ),
        ("columns renamed: 'CRIM - crime' to CRIM, 'LSTAT (%)' to LSTAT",),
    ),
    "a price": (text(other(MEDV="Price")), CASES_ONLY),
    "scikit-learn's file": (
        f"40,13{',' * 12}\n{text(NAMES)}",
        (f"line skipped above the names of the columns: '40,13{',' * 12}'",),
    ),
    "R's mlbench": (
        with_places(),
        (*CASES_ONLY, "columns not used: 'town', 'tract', 'lon', 'lat'"),
    ),
    "UCI's housing.data": (
        "".join(f" {'   '.join(line)}\n" for line in LINES),
        (f"no names of columns: the 14 there are taken for {', '.join(NAMES)}",),
    ),
    "names of rows, as R writes them": (
        text(NAMES, [[f'"{n}"', *line] for n, line in enumerate(LINES, 1)], " "),
        ("columns not used: (no name)",),
    ),
    **{
        f"names of rows, as R writes them, between {what}": (
            text(
                [f'"{name}"' for name in NAMES],
                [[f'"house {n}"', *line] for n, line in enumerate(LINES, 1)],
                separator,
            ),
            ("columns not used: (no name)",),
        )
        for what, separator in (("blanks", " "), ("commas", ","), ("tabs", "\t"))
    },
    "an id": (numbered("id"), ("columns not used: 'id'",)),
    "an index of pandas": (numbered(""), ("columns not used: (no name)",)),
    **{f"{word} for missing": (blank(word), ()) for word in ("", "None", "nan", "#N/A", "?")},
    "a byte order mark": (f"\ufeff{text(LOWER)}", CASES_ONLY),
    "lines of Windows": (text(NAMES).replace("\n", "\r\n"), ()),
    "rows without a value, as Excel writes them": (
        text(NAMES, [*LINES, [""] * 14, ['""'] * 14, ["", " "] * 7]) + "\r\n",
        ("rows left out because none of their cells has a value: 3",),
    ),
    "a row without a value on top": (
        f"{';' * 13}\n{text(NAMES, separator=';')}",
        ("rows left out because none of their cells has a value: 1",),
    ),
    "comments": (
        f"# Boston\n# made by hand, in 1978\n\n{text(NAMES)}",
        ("comments skipped above the names of the columns: 2",),
    ),
    "names in a comment, as NumPy writes them": (f"# {text(NAMES)}", ()),
    "a comment above names in one": (
        f"\ufeff# houses\n#{text(LOWER, separator=' ')}",
        ("comments skipped above the names of the columns: 1", *CASES_ONLY),
    ),
    "comments without names": (
        f"# Boston\n# 14 columns\n{text([])}".replace("\n\n", "\n"),
        (
            "comments skipped above the names of the columns: 2",
            f"no names of columns: the 14 there are taken for {', '.join(NAMES)}",
        ),
    ),
    "a comment and counts": (
        f"# Boston\n40,13{',' * 12}\n{text(NAMES)}",
        (
            "comments skipped above the names of the columns: 1",
            f"line skipped above the names of the columns: '40,13{',' * 12}'",
        ),
    ),
    "blank lines": (f"\n{text(NAMES).replace(chr(10), chr(10) * 2)}  \n", ()),
}
# Those whose columns, rather than whose text, are odd.
NAMED = ("as it is shipped", "lower case", "units", "R's MASS", "scikit-learn's frame", "a price",
         "R's mlbench", "an id", "None for missing", "? for missing")  # fmt: skip

# By name: a table that no reader takes, and what each says of it.
REFUSED: dict[str, Written] = {
    "twice": (
        text([*NAMES[:-2], "rm", TARGET_NAME]),
        ("RM is there 2 times ('RM', 'rm'): keep one",),
    ),
    "misspelt": (
        text(other(LSTAT="lstatt", PTRATIO="pratio")),
        (
            (
                "column 'pratio' is no feature (did you mean PTRATIO?): rename it, or take it out; "
                "column 'lstatt' is no feature (did you mean LSTAT?): rename it, or take it out"
            ),
        ),
    ),
    "empty": ("", ("there is no line; the first one names the columns",)),
    "an open quote": (text([*NAMES[:-1], '"MEDV']), ("has a quote that is not closed",)),
    "bars": (text(NAMES, separator="|"), ("separate the cells with commas, semicolons or tabs",)),
    "JSON": (json.dumps([dict(zip(NAMES, LINES[0], strict=True))]), ("it is JSON: write it as",)),
    "JSON, over lines": ('[\n {"RM": 6.5}\n]\n', ("it is JSON: write it as",)),
    "NDJSON": ('{"RM": 6.5, "LSTAT": 5}\n', ("an object a line, in a file named *.ndjson",)),
    "ARFF": (f"@RELATION boston\n@ATTRIBUTE CRIM REAL\n@DATA\n{','.join(LINES[0])}\n", ("ARFF",)),
    "a page": ("\n<!DOCTYPE html>\n<html>404</html>\n", ("it is a web page",)),
    "a pointer": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        ("fetch that by `git lfs pull`",),
    ),
}


def expected() -> Rows:
    return pd.read_csv(io.StringIO(text(NAMES)))[list(FEATURE_NAMES)].to_numpy()


def chunked(source: Any, form: Any = "matrix") -> tuple[Rows, tuple[str, ...]]:
    """Reads a source as the clients do before they send it."""
    layout, parts = Layout(form=form, chunk_rows=7), []
    for chunk in chunks_of(source, layout):
        assert not chunk.faults
        values = np.full((chunk.count, len(FEATURE_NAMES)), np.nan)
        if isinstance(chunk.payload, Matrix):
            places = [FEATURE_NAMES.index(name) for name in chunk.payload.features]
            values[:, places] = np.reshape(from_bytes(chunk.payload.values), (chunk.count, -1))
        else:
            for row, house in enumerate(chunk.payload):
                for field, value in house.ListFields():
                    values[row, FEATURE_NAMES.index(field.json_name)] = value
        parts.append(values)
    return np.concatenate(parts), tuple(layout.notes)


def by_admin(path: Path) -> tuple[Rows, tuple[str, ...]]:
    found, notes = load_features(path)
    return found.to_numpy(), notes


Read = Callable[[Path], tuple[Rows, tuple[str, ...]]]
READERS: dict[str, Read] = {
    "predict --file": by_admin,
    "score, as a matrix": chunked,
    "score, as rows": lambda path: chunked(path, "rows"),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def written(content: str) -> Path:
        path = tmp_path / "houses.csv"
        path.write_bytes(content.encode())
        return path

    return written


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", FILES)
def test_a_file_to_be_priced(write: Callable[[str], Path], name: str, reader: str) -> None:
    content, said = FILES[name]
    values, notes = READERS[reader](write(content))
    np.testing.assert_array_equal(values, expected())
    assert notes == said


@pytest.mark.parametrize("name", FILES)
def test_a_file_to_learn_from(write: Callable[[str], Path], name: str) -> None:
    found = load(write(FILES[name][0]))
    np.testing.assert_array_equal(found.features.to_numpy(), expected())
    assert found.target.tolist() == [float(line[-1]) for line in LINES]


def test_what_is_said_of_a_price_with_another_name(write: Callable[[str], Path]) -> None:
    (said,) = load(write(FILES["scikit-learn's frame"][0])).warnings
    assert said == "columns renamed: 'target' to MEDV, 13 names to upper case"
    renamed, unused = load(write(FILES["R's mlbench"][0])).warnings
    assert renamed == "columns renamed: 14 names to upper case"
    assert unused == "columns not used: 'town', 'tract', 'lon', 'lat', 'cmedv'"


@pytest.mark.parametrize("name", NAMED)
def test_parquet_and_frames_have_the_same_rules(tmp_path: Path, name: str) -> None:
    content, said = FILES[name]
    frame = pd.read_csv(io.StringIO(content), dtype=str)
    # What pandas calls a column that has no name.
    frame = frame.rename(columns={"Unnamed: 0": ""})
    path = tmp_path / "houses.parquet"
    frame.to_parquet(path)
    typed = frame.apply(pd.to_numeric, errors="coerce").rename(columns=str)
    typed.to_parquet(tmp_path / "typed.parquet")
    for source in (frame, path, typed, tmp_path / "typed.parquet"):
        for form in ("matrix", "rows"):
            values, notes = chunked(source, form)
            np.testing.assert_array_equal(values, expected())
            assert notes == said
    for file in (path, tmp_path / "typed.parquet"):
        values, notes = by_admin(file)
        np.testing.assert_array_equal(values, expected())
        assert notes == said
        np.testing.assert_array_equal(load(file).features.to_numpy(), expected())


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_no_reader_takes(write: Callable[[str], Path], name: str) -> None:
    content, (said,) = REFUSED[name]
    path = write(content)
    for read in (load, load_features):
        with pytest.raises(DataError) as caught:
            read(path)
        assert said in str(caught.value)
    with pytest.raises(client.InvalidArgumentError) as refused:
        chunked(path)
    assert said in str(refused.value)


@pytest.mark.parametrize("reader", READERS)
def test_a_column_that_is_missing_can_be_priced_but_not_learned_from(
    write: Callable[[str], Path], reader: str
) -> None:
    kept = [place for place, name in enumerate(NAMES) if name not in ("RAD", "B")]
    path = write(text([NAMES[p] for p in kept], [[line[p] for p in kept] for line in LINES]))
    values, notes = READERS[reader](path)
    assert notes == ("RAD, B are in no row: filled in by the model",)
    without = expected()
    without[:, [FEATURE_NAMES.index("RAD"), FEATURE_NAMES.index("B")]] = np.nan
    np.testing.assert_array_equal(values, without)
    with pytest.raises(DataError, match=r"missing columns RAD, B; add them to the file$"):
        load(path)


def packed() -> dict[str, tuple[bytes, str]]:
    """By name: a file that is no text, and what is said of it."""
    content, archive = text(NAMES).encode(), io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xl/workbook.xml", content)
    database = sqlite3.connect(":memory:")
    database.execute("create table houses (RM)")
    feather = io.BytesIO()
    pd.DataFrame({"RM": [6.5]}).to_feather(feather)
    return {
        "gzip": (gzip.compress(content), "it is compressed (gzip): unpack it"),
        "bzip2": (bz2.compress(content), "it is compressed (bzip2): unpack it"),
        "xz": (lzma.compress(content), "it is compressed (xz): unpack it"),
        "a workbook": (archive.getvalue(), "save the table as CSV in UTF-8"),
        "an old workbook": (
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
            "it is a workbook of Excel: save the table as CSV in UTF-8",
        ),
        "feather": (feather.getvalue(), "it is of Arrow or ORC"),
        "SQLite": (database.serialize(), "it is a database"),
        "UTF-16": (text(NAMES).encode("utf-16"), "line 1 is not UTF-8 text"),
    }


@pytest.mark.parametrize("name", packed())
def test_what_is_no_text_says_what_it_is(tmp_path: Path, name: str) -> None:
    content, said = packed()[name]
    path = tmp_path / "houses.csv"
    path.write_bytes(content)
    for read in (load, load_features):
        with pytest.raises(DataError) as caught:
            read(path)
        assert said in str(caught.value)
    with pytest.raises(client.InvalidArgumentError) as refused:
        chunked(path)
    assert said in str(refused.value)


def test_parquet_by_another_name(tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"
    pd.read_csv(io.StringIO(text(NAMES))).to_parquet(path)
    np.testing.assert_array_equal(by_admin(path)[0], expected())
    with pytest.raises(client.InvalidArgumentError, match=r"it is Parquet: name it \*\.parquet"):
        chunked(path)


@pytest.mark.parametrize("suffix", [".tsv", ".TXT", ".tab", ".data"])
def test_names_of_files_with_other_separators(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"houses{suffix}"
    path.write_text(text(NAMES, separator="\t"))
    np.testing.assert_array_equal(chunked(path)[0], expected())


def test_a_name_that_is_none_of_ours_is_shown_where_one_is_missing(
    write: Callable[[str], Path],
) -> None:
    path = write(text(["id", *other(MEDV="House Price")], [["1", *line] for line in LINES]))
    with pytest.raises(DataError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path}: missing column MEDV; add it to the file, or give its name to the one that it is"
        " of 'id', 'House Price'"
    )


@pytest.mark.parametrize("row", ['"1",24,0,', '"1","24",0,5', "1,24,0,", "1,24,0,5"])
def test_a_cell_more_is_no_name_of_a_row_unless_it_alone_is_in_quotes(
    write: Callable[[str], Path], row: str
) -> None:
    with pytest.raises(DataError, match="line 2 has 4 cells but the header has 3"):
        load_features(write(f"CRIM,ZN,RM\n{row}\n"))


@pytest.mark.parametrize("form", ["matrix", "rows"])
def test_what_is_masked_in_an_array_is_missing(form: str) -> None:
    known = np.nan_to_num(expected(), nan=5.0)
    masked = np.ma.array(known, mask=np.isnan(expected()))
    np.testing.assert_array_equal(chunked(masked, form)[0], expected())


def test_parquet_with_a_column_twice(tmp_path: Path) -> None:
    twice = arrow.table([[6.5], [6.5], ["a"], ["b"]], names=["RM", "RM", "note", "note"])
    parquet.write_table(twice, tmp_path / "houses.parquet")
    text = r"RM is there 2 times \('RM', 'RM'\): keep one"
    with pytest.raises(DataError, match=text):
        load_features(tmp_path / "houses.parquet")
    with pytest.raises(client.InvalidArgumentError, match=text):
        chunked(tmp_path / "houses.parquet")
    parquet.write_table(twice.remove_column(0), tmp_path / "houses.parquet")
    for read in (by_admin, chunked):
        assert read(tmp_path / "houses.parquet")[0][0, FEATURE_NAMES.index("RM")] == 6.5


def test_decimals_in_parquet_are_the_numbers_that_they_say(tmp_path: Path) -> None:
    said = [Decimal(line[FEATURE_NAMES.index("RM")]) for line in LINES]
    path = tmp_path / "houses.parquet"
    parquet.write_table(arrow.table({"RM": arrow.array(said, arrow.decimal128(20, 6))}), path)
    for read in (by_admin, chunked):
        found = read(path)[0][:, FEATURE_NAMES.index("RM")]
        assert found.tolist() == [float(each) for each in said]


@pytest.mark.parametrize("word", ["TRUE", "no", "Yes"])
def test_a_word_for_a_choice_says_which_number_it_is(
    write: Callable[[str], Path], word: str
) -> None:
    path = write(f"CHAS,RM\n{word},6.5\n")
    with pytest.raises(DataError, match="write 1 for yes and 0 for no, or NA"):
        load_features(path)


def test_a_mapping_takes_the_names_of_a_column() -> None:
    frame = pd.DataFrame([{"rm": 6.5, "black": 390.0, "target": 20.0, "Pt_Ratio": 15.0}])
    values, _ = chunked(frame)
    for form in ("matrix", "rows"):
        rows, _ = chunked(frame.to_dict("records"), form)
        np.testing.assert_array_equal(rows, values)


def test_the_features_are_those_of_the_contract() -> None:
    contract = [field.json_name for field in prediction_pb2.House.DESCRIPTOR.fields]
    assert contract == list(columns.FEATURES) == list(FEATURE_NAMES)
    assert columns.TARGET == TARGET_NAME
