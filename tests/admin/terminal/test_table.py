"""A table is whole at every width: what stands in it can be copied."""

import pytest

from admin.terminal import table

COLUMNS = ("run", "started", "model", "preprocessing", "cv_rmse", "parameters", "version")
ROWS = [
    ["0123abcd", "2026-11-29 10:50Z", "gradient_boost", "v3_iterative", "2.912±0.612",
     "objective=reg:squarederror, max_bin=64", "12"],
    ["89abcdef", "2026-11-29 10:51Z", "linear", "v2_knn", "-", "-", "-"],
]  # fmt: skip


def drawn(width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    table.show(COLUMNS, ROWS, title="Runs", spare=("version", "started"))
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [20, 40, 60, 70, 80, 90, 100, 120, 200])
def test_no_word_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = drawn(width, monkeypatch, capsys)
    words = {word.rstrip(":") for word in shown.split()}
    found = shown.partition("(A wider terminal also shows: ")[2].partition(".)")[0].split(", ")
    for row in (COLUMNS, *ROWS):
        for name, cell in zip(COLUMNS, row, strict=True):
            if name not in found:
                assert set(cell.split()) <= words
    if "run: " not in shown:
        assert all(len(line) <= width or line[0] == "(" for line in shown.splitlines())


def test_as_much_is_shown_as_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = drawn(200, monkeypatch, capsys)
    assert len(wide.splitlines()) == 4
    wrapped = drawn(100, monkeypatch, capsys)
    assert "A wider terminal" not in wrapped
    assert "wider terminal also shows: version, started.)" in drawn(80, monkeypatch, capsys)
    narrow = drawn(40, monkeypatch, capsys)
    assert "parameters: objective=reg:squarederror, max_bin=64\n" in narrow
