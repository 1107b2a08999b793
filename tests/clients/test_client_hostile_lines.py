"""Lines and files that are made to end a job, or to keep it busy: they cost themselves alone."""

from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from clients.python import InvalidArgumentError
from clients.python.chunks import Layout
from clients.python.sources import chunks_of
from clients.python.text import from_ndjson

LONG = "1" * 5000
LINES = {
    "a long number, and then no JSON": (f'{{"RM": {LONG}, oops', "is not JSON: Expecting"),
    "a long number, and then depth": (f'{{"RM": {LONG}, "x": {"[" * 50_000}', "nested too deeply"),
    "a name that comes twice among many": (
        "{" + ",".join(f'"{number}":1' for number in range(80_000)) + ',"79999":1}',
        "79999 is there twice",
    ),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("line", "text"), LINES.values(), ids=LINES)
def test_a_line_costs_itself_alone(line: str, text: str) -> None:
    good = '{"RM": 6.5, "LSTAT": 5}\n'
    (chunk,) = from_ndjson([good, f"{line}\n", good], Layout(form="rows"))
    assert chunk.count == 3
    assert list(chunk.faults) == [1]
    assert text in chunk.faults[1].message


def test_a_number_of_thousands_of_digits_costs_its_house_alone() -> None:
    (chunk,) = from_ndjson([f'{{"RM": {LONG}}}\n', '{"RM": 6.5}\n'], Layout(form="rows"))
    assert chunk.faults[0].message == "RM is too large; send a finite number, or leave it out"


def test_a_moment_that_python_cannot_hold(tmp_path: Path) -> None:
    file = tmp_path / "moments.parquet"
    moments = pa.array([2**31 - 1], pa.date32())
    parquet.write_table(pa.table({"RM": [6.5], "sold": moments}), file)
    with pytest.raises(InvalidArgumentError, match="is no sound Parquet file"):
        list(chunks_of(file, Layout(keep=("sold",))))
