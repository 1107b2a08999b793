"""Text of any kind is a table or an error of ours, for every reader, and takes no long time."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin.base.errors import DataError
from admin.data.dataset import load, load_features
from clients.python import InvalidArgumentError
from clients.python.chunks import Layout
from clients.python.sources import chunks_of
from housing_table import columns
from housing_table.errors import TableError

WORDS = ["CRIM", "RM", "LSTAT", "MEDV", "black", "pt_ratio", "NA", "6.5", "1e999", "\ufeff", "\0"]
PIECES = st.sampled_from([*",;\t \"'\n\r?x1.-", *WORDS]) | st.text(max_size=3)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.lists(PIECES, max_size=60).map("".join))
def test_any_text(tmp_path: Path, content: str) -> None:
    path = tmp_path / "houses.csv"
    path.write_bytes(content.encode("utf-8", "replace"))
    for read in (load, load_features):
        with suppress(DataError):
            read(path)
    try:
        rows = sum(chunk.count for chunk in chunks_of(path, Layout()))
    except InvalidArgumentError:
        return
    assert rows <= len(content.splitlines())


def test_as_many_columns_as_a_line_can_have() -> None:
    names = ["lstatt"] * 500_000
    with pytest.raises(TableError) as caught:
        columns.to_train([*columns.FEATURES[:-1], columns.TARGET, *names])
    assert str(caught.value) == (
        "missing column LSTAT; column 'lstatt' is no feature (did you mean LSTAT?): rename it, or"
        " take it out"
    )
    assert columns.to_price(["RM", *["x"] * 500_000]).places == {"RM": 0}
