"""Odd arguments and odd cells: each is refused for itself, in words."""

import asyncio
import io
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from clients import python as housing
from clients.python import FEATURES, AsyncHousingClient, HousingClient, RowError, StreamPolicy
from clients.python.command.main import main
from tests.clients.jobs import score_in_asyncio
from tests.support.commands import Say
from tests.support.serving import ALONE

FORMS = ["matrix", "rows"]


def reasons(results: Any) -> list[str]:
    return [each.reason if isinstance(each, RowError) else "" for each in results]


@pytest.mark.parametrize("form", FORMS)
def test_a_bad_text_in_a_column_costs_its_own_row(
    client: HousingClient, tmp_path: Path, form: Any
) -> None:
    path = tmp_path / "houses.csv"
    path.write_text("RM,LSTAT\n6,5\nx,5\n 6.5 ,5\n6_5,5\nNone,5\n")
    frame = pd.read_csv(path)
    expected = ["", "NOT_A_NUMBER", "", "NOT_A_NUMBER", ""]
    frame.to_parquet(tmp_path / "houses.parquet")
    prices = []
    for source in (path, frame, frame.astype(object), tmp_path / "houses.parquet"):
        found = list(client.score(source, form=form, progress=False))
        assert reasons(found) == expected
        prices.append([getattr(each, "price", None) for each in found])
    assert prices[1:] == prices[:1] * 3


def test_a_house_has_the_names_of_the_dataset_too(client: HousingClient) -> None:
    assert housing.House(RM=6, lstat=5) == housing.House(rm=6, LSTAT=5)
    assert client.predict(housing.House(RM=6)).row is None
    with pytest.raises(TypeError, match="given twice"):
        housing.House(RM=6, rm=6)
    with pytest.raises(TypeError, match="no feature 'RX'"):
        housing.House(RX=6)


@pytest.mark.parametrize("form", FORMS)
def test_a_quote_left_open_costs_its_own_row(
    client: HousingClient, tmp_path: Path, form: Any
) -> None:
    path = tmp_path / "houses.csv"
    path.write_text('RM,LSTAT\n6,5\n"6,5\n"6","5"\n6,"5\n6,5\n7,"')
    found = list(client.score(path, form=form, progress=False))
    assert reasons(found) == ["", "MALFORMED_ROW", "", "MALFORMED_ROW", "", "MALFORMED_ROW"]
    assert isinstance(found[3], RowError)
    assert found[3].message == "has a quote that is not closed in its line"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "odd", [True, np.datetime64("2020-01-01", "ns"), np.timedelta64(6, "ns"), 6j]
)
def test_columns_that_are_no_numbers_are_rejected(
    client: HousingClient, tmp_path: Path, odd: Any, form: Any
) -> None:
    frame = pd.DataFrame({"RM": np.array([odd, odd]), "LSTAT": [5.0, 5.0]})
    array = np.full((2, 13), odd)
    for source in (frame, array):
        assert reasons(client.score(source, form=form, progress=False)) == ["NOT_A_NUMBER"] * 2
    if not isinstance(odd, complex):
        frame.to_parquet(tmp_path / "odd.parquet")
        found = client.score(tmp_path / "odd.parquet", form=form, progress=False)
        assert reasons(found) == ["NOT_A_NUMBER"] * 2


@pytest.mark.parametrize("form", FORMS)
def test_an_array_of_text_is_read_by_the_cell(client: HousingClient, form: Any) -> None:
    rows = np.full((3, len(FEATURES)), "1", dtype=object)
    rows[1, 5] = "six"
    for source in (rows, rows.astype(str)):
        found = reasons(client.score(source, form=form, progress=False))
        assert found == ["", "NOT_A_NUMBER", ""]


@pytest.mark.parametrize(
    ("name", "value"),
    [("chunk_rows", 0), ("chunk_rows", -1), ("chunk_rows", 1.5), ("form", "xx")],
)
def test_arguments_are_checked_at_the_call(address: str, name: str, value: Any) -> None:
    with HousingClient(address) as client, pytest.raises(ValueError, match=f"^{name} is"):
        client.score([], **{name: value})
    with pytest.raises(ValueError, match=f"^{name} is"):
        score_in_asyncio(address, [], **{name: value})


@pytest.mark.parametrize("name", ["window", "patience"])
def test_a_policy_makes_sense(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is 0"):
        StreamPolicy(**{name: 0})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^retries is -1"):
        StreamPolicy(retries=-1)


def test_a_mapping_is_no_list_of_houses(client: HousingClient) -> None:
    with pytest.raises(housing.InvalidArgumentError, match="a dict is nothing to score"):
        list(client.score({"RM": 6}, progress=False))


def test_all_names_of_a_series_are_to_be_known(client: HousingClient) -> None:
    assert client.predict(pd.Series({"RM": 6.0})).price == client.predict(RM=6).price
    with sqlite3.connect(":memory:") as base:
        base.row_factory = sqlite3.Row
        assert client.predict(base.execute("SELECT 6 AS rm").fetchone()).price
    for wrong in (pd.Series({"RM": 6.0, "LSTATT": 5.0}), {"RM": 6.0, "LSTATT": 5.0}):
        with pytest.raises(housing.InvalidArgumentError, match="LSTATT is no feature"):
            client.predict(wrong)


@pytest.mark.parametrize("keep", [0, 4, 60, -100])
def test_a_damaged_parquet_file_is_an_error_of_ours(
    client: HousingClient, tmp_path: Path, keep: int
) -> None:
    path = tmp_path / "houses.parquet"
    pd.DataFrame({"RM": np.linspace(5, 7, 1000)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(housing.InvalidArgumentError, match="is no sound Parquet file"):
        list(client.score(path, progress=False))
    with pytest.raises(FileNotFoundError):
        client.score(tmp_path / "none.parquet", progress=False)


def test_a_client_that_is_closed_says_so(address: str) -> None:
    client = HousingClient(address, options=ALONE)
    scores = client.score(({"RM": 6.0} for _ in range(10**9)), chunk_rows=10, progress=False)
    next(scores)
    client.close()
    with pytest.raises(housing.CallCancelledError, match="the client is closed"):
        list(scores)
    with pytest.raises(housing.CallCancelledError):
        client.predict(RM=6)


def test_a_client_for_asyncio_that_is_closed_says_so(address: str) -> None:
    async def run() -> None:
        client = AsyncHousingClient(address, options=ALONE)
        houses = ({"RM": 6.0} for _ in range(10**9))
        scores = client.score(houses, chunk_rows=10, progress=False)
        await anext(scores)
        await client.close()
        with pytest.raises(housing.CallCancelledError):
            async for _ in scores:
                pass
        with pytest.raises(housing.CallCancelledError):
            await client.predict(RM=6)

    asyncio.run(run())


def test_piped_bytes_may_be_odd(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    data = b'\xef\xbb\xbf{"RM": 6}\n{"RM": \xff}\n{"RM": 7}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))
    lines = say("score", "-", "--from", "ndjson", "--quiet", code=4).out.splitlines()[1:]
    assert [line.split(",")[1] != "" for line in lines] == [True, False, True]


def test_the_command_line_is_checked(say: Say, capsys: Any) -> None:
    assert "house.RM is there twice" in say("predict", "--house", '{"RM": 6, "RM": 7}', code=1).err
    for flag, value in (("--timeout", "abc"), ("--chunk-rows", "x"), ("--timeout", "nan")):
        with pytest.raises(SystemExit) as caught:
            main(["score", "-", flag, value])
        assert caught.value.code == 2
        assert f"argument {flag}: '{value}' is no" in capsys.readouterr().err
