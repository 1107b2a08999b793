"""Scoring through the stream: sources, forms, order, and rows that cannot be scored."""

import asyncio
import csv
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from housing.v1 import prediction_pb2 as pb

from clients import python as housing
from clients.python import (
    FEATURES,
    AsyncHousingClient,
    HousingClient,
    Prediction,
    RowError,
    Tally,
)
from tests.clients.conftest import Connect, Host
from tests.clients.jobs import score_in_asyncio
from tests.clients.servicers import Base
from tests.support.errors import raised
from tests.support.examples import DATA, Example
from tests.support.serving import ALONE

FORMS = ["matrix", "rows"]


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    return pd.read_csv(DATA)


@pytest.fixture
def sources(table: pd.DataFrame, tmp_path: Path) -> dict[str, Any]:
    """The shipped houses in all the shapes that `score` takes."""
    features = table[list(FEATURES)]
    table.to_parquet(tmp_path / "houses.parquet", row_group_size=300)
    table.to_json(tmp_path / "houses.ndjson", orient="records", lines=True)
    rows = [
        {name: value for name, value in row.items() if not math.isnan(value)}
        for row in features.to_dict("records")
    ]
    return {
        "csv": str(DATA),
        "path": DATA,
        "parquet": tmp_path / "houses.parquet",
        "ndjson": tmp_path / "houses.ndjson",
        "frame": table,
        "array": features.to_numpy(),
        "rows": rows,
        "generator": (row for row in rows),
        "shuffled columns": table[list(reversed(table.columns))],
    }


def prices_of(results: Any) -> list[float]:
    found = list(results)
    assert all(isinstance(each, Prediction) for each in found)
    return [each.price for each in found]


@pytest.mark.parametrize("form", FORMS)
def test_all_sources_give_the_same_prices(
    client: HousingClient, sources: dict[str, Any], table: pd.DataFrame, linear: Example, form: Any
) -> None:
    expected = linear.prices(table[list(FEATURES)].to_numpy())
    for name, source in sources.items():
        found = prices_of(client.score(source, form=form, chunk_rows=100, progress=False))
        assert found == pytest.approx(expected.tolist(), abs=1e-4), name


def test_chunks_are_arrays_with_counts(client: HousingClient, table: pd.DataFrame) -> None:
    wild = table.copy()
    wild.loc[3, "RM"] = 50
    with client.score(wild, chunk_rows=200, progress=False) as scores:
        chunks = list(scores.chunks())
    assert [(each.start, len(each.prices)) for each in chunks] == [(0, 200), (200, 200), (400, 106)]
    assert np.asarray(chunks[0].prices).dtype == np.float64
    assert [each.out_of_range_rows for each in chunks] == [1, 0, 0]
    missing = table[list(FEATURES)].isna().any(axis=1)
    assert sum(each.imputed_rows for each in chunks) == missing.sum()


def test_rows_tell_warnings_and_matrix_is_not_asked(client: HousingClient) -> None:
    house = [{"RM": 50.0, "AGE": 40}]
    (rich,) = client.score(house, form="rows", progress=False)
    (plain,) = client.score(house, progress=False)
    assert isinstance(rich, Prediction)
    assert isinstance(plain, Prediction)
    assert rich.price == plain.price
    assert rich.range_warnings is not None
    assert [each.feature for each in rich.range_warnings] == ["RM"]
    assert rich.warnings is not None
    assert len(rich.warnings) == 1
    # What was not asked for is not none.
    assert (plain.warnings, plain.range_warnings) == (None, None)
    for found in (rich, plain):
        assert found.out_of_range_features == ("RM",)
        assert found.imputed_features == tuple(x for x in FEATURES if x not in ("RM", "AGE"))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_odd_is_counted_by_feature(
    address: str, client: HousingClient, table: pd.DataFrame, form: Any
) -> None:
    odd = table.drop(columns="RAD")
    odd.loc[[3, 5], "RM"] = 50
    odd.loc[5, "NOX"] = 9
    odd.loc[6, "CHAS"] = 0.5
    scores = client.score(odd, form=form, progress=False, chunk_rows=100)
    results = list(scores)
    later, tally = score_in_asyncio(address, odd, form=form, chunk_rows=100)
    assert tally == scores.tally
    for found in (results, later):
        assert isinstance(found[6], RowError)
        scored = {each.row: each for each in found if isinstance(each, Prediction)}
        assert [scored[row].out_of_range_features for row in (3, 4, 5)] == [
            ("RM",), (), ("NOX", "RM"),
        ]  # fmt: skip
        assert scored[0].imputed_features == ("RAD",)
    assert (tally.rows, tally.errors) == (506, 1)
    assert (tally.out_of_range_rows, tally.out_of_range) == (2, {"NOX": 1, "RM": 2})
    sent = odd.drop(index=6)
    holes = {name: int(sent[name].isna().sum()) for name in FEATURES if name != "RAD"}
    expected = {name: count for name, count in {**holes, "RAD": 505}.items() if count}
    assert (tally.imputed_rows, tally.imputed) == (505, expected)
    assert tally.notes == ["RAD is in no row: filled in by the model"]


def test_an_older_server_does_not_say_which(host: Host, connect: Connect) -> None:
    class Older(Base):
        def PredictStream(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
            for request in request_iterator:
                chunk = pb.ChunkResult(sequence=request.sequence)
                chunk.prices.values = bytes(8)
                chunk.prices.out_of_range_rows = 1
                yield pb.PredictStreamResponse(chunk=chunk)

    scores = connect(host(Older())).score([{"RM": 6.0}], progress=False)
    (found,) = scores
    assert isinstance(found, Prediction)
    assert (found.out_of_range_features, found.imputed_features) == (None, ())
    assert (scores.tally.out_of_range_rows, scores.tally.out_of_range) == (1, None)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_to_be_kept_comes_back(
    address: str, client: HousingClient, tmp_path: Path, form: Any
) -> None:
    frame = pd.DataFrame({"Id": [7, 8, 9], "RM": ["6", "x", "7"], "street": ["a,b", "", "c"]})
    frame.to_csv(tmp_path / "houses.csv", index=False)
    frame.to_parquet(tmp_path / "houses.parquet")
    rows = frame.astype({"RM": object}).replace({"6": 6.0, "7": 7.0}).to_dict("records")
    for source in (tmp_path / "houses.csv", tmp_path / "houses.parquet", frame, rows):
        keep = ["Id", "street"]
        found = list(client.score(source, form=form, keep=keep, chunk_rows=2, progress=False))
        later, _ = score_in_asyncio(address, source, form=form, keep=keep, chunk_rows=2)
        for results in (found, later):
            assert isinstance(results[1], RowError)
            kept = [(str(each.kept[0]), each.kept[1]) for each in results]
            assert kept == [("7", "a,b"), ("8", ""), ("9", "c")]
    with pytest.raises(housing.InvalidArgumentError, match="column 'town' is not there to be kept"):
        list(client.score(frame, keep=["town"], progress=False))
    with pytest.raises(housing.InvalidArgumentError, match="an array has no names"):
        list(client.score(np.zeros((1, 13)), keep=["Id"], progress=False))


def test_the_tally_is_kept_and_told(client: HousingClient, linear: Example) -> None:
    told: list[int] = []
    houses: list[dict[str, Any]] = [{"RM": 6.0}] * 250
    houses[7] = {"RM": "x"}
    scores = client.score(houses, chunk_rows=100, progress=lambda tally: told.append(tally.rows))
    assert sum(isinstance(each, RowError) for each in scores) == 1
    assert told == [100, 200, 250, 250]
    assert scores.tally == Tally(
        total=250,
        rows=250,
        errors=1,
        model_versions=[linear.version],
        imputed_rows=249,
        imputed={name: 249 for name in FEATURES if name != "RM"},
    )


def test_nothing_gives_nothing(client: HousingClient, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("RM,AGE\n")
    assert list(client.score([], progress=False)) == []
    assert list(client.score(empty, progress=False)) == []


def test_a_job_may_be_left_early(client: HousingClient) -> None:
    def endless() -> Any:
        while True:
            yield {"RM": 6.0}

    with client.score(endless(), progress=False) as scores:
        first = next(scores)
    assert isinstance(first, Prediction)
    with pytest.raises(RuntimeError, match="call score again"):
        list(scores)


def test_results_can_be_taken_once(address: str, client: HousingClient) -> None:
    scores = client.score([{"RM": 6}] * 3, chunk_rows=2, progress=False)
    assert [each.row for each in scores] == [0, 1, 2]
    for again in (scores.chunks, scores.__iter__):
        with pytest.raises(RuntimeError, match="call score again"):
            again()

    async def run() -> None:
        async with AsyncHousingClient(address, options=ALONE) as other:
            scores = other.score([{"RM": 6}] * 3, form="rows", chunk_rows=2, progress=False)
            assert [each.row async for each in scores] == [0, 1, 2]
            with pytest.raises(RuntimeError, match="call score again"):
                _ = [each async for each in scores]
            with pytest.raises(RuntimeError, match="call score again"):
                scores.chunks()

    asyncio.run(run())


def test_an_error_of_the_source_reaches_the_caller(client: HousingClient) -> None:
    def broken() -> Any:
        yield from [{"RM": 6.0}] * 1500
        raise housing.UnavailableError("the source's own trouble")

    with pytest.raises(housing.UnavailableError, match="own trouble"):
        list(client.score(broken(), progress=False))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (np.zeros((3, 4)), "SHAPE_MISMATCH"),
        (pd.DataFrame({"RM": [1], "LSTATT": [2]}), "UNKNOWN_COLUMN"),
        (pd.DataFrame({"RM": [1], "rm": [2]}), "UNKNOWN_COLUMN"),
        (pd.DataFrame({"MEDV": [1]}), "UNKNOWN_COLUMN"),
        ("houses.xlsx", "UNKNOWN_FORMAT"),
        (7, "NOT_A_SOURCE"),
    ],
)
def test_what_is_no_source_is_refused(client: HousingClient, source: Any, reason: str) -> None:
    error = raised(housing.InvalidArgumentError, list, client.score(source, progress=False))
    assert error.reason == reason


def test_columns_may_be_ignored(client: HousingClient) -> None:
    frame = pd.DataFrame({"RM": [6.0], "street": ["Elm"]})
    (found,) = client.score(frame, ignore=("street",), progress=False)
    assert isinstance(found, Prediction)


def test_asyncio_scores_rows_that_arrive(address: str, linear: Example) -> None:
    async def arriving() -> AsyncIterator[dict[str, float]]:
        for number in range(250):
            await asyncio.sleep(0)
            yield {"RM": 5 + number / 100}

    async def run() -> list[float]:
        async with AsyncHousingClient(address, options=ALONE) as client:
            scores = client.score(arriving(), chunk_rows=100, progress=False)
            found = [each async for each in scores]
            assert scores.tally.rows == 250
            assert prices_of([x async for x in client.score(DATA, progress=False)])
            return prices_of(found)

    rows = np.full((250, 13), np.nan)
    rows[:, FEATURES.index("RM")] = 5 + np.arange(250) / 100
    assert asyncio.run(run()) == pytest.approx(linear.prices(rows).tolist(), abs=1e-4)


def test_asyncio_has_all_the_calls(address: str, linear: Example) -> None:
    async def run() -> None:
        async with AsyncHousingClient(address, options=ALONE) as client:
            assert (await client.predict({"RM": 6})).model_version == linear.version
            assert len(await client.predict_batch([{"RM": 6}, {}])) == 2
            assert (await client.info()).version == linear.version
            assert not (await client.reload()).changed
            assert await client.health() is housing.Health.SERVING
            async for state in client.watch():
                assert state is housing.Health.SERVING
                break
            with pytest.raises(housing.InvalidArgumentError) as caught:
                await client.predict(CHAS=3)
            assert caught.value.violations[0].field == "house.CHAS"
            async with client.score([{"RM": 6}] * 5000, progress=False) as scores:
                assert isinstance(await anext(scores), Prediction)

    asyncio.run(run())


def test_many_coroutines_share_a_client(address: str) -> None:
    async def run() -> None:
        async with AsyncHousingClient(address, options=ALONE) as client:
            found = await asyncio.gather(*(client.predict(RM=4 + i / 10) for i in range(40)))
        prices = [each.price for each in found]
        assert prices == sorted(prices)
        assert len(set(prices)) == 40

    asyncio.run(run())


def test_numbers_survive_text(client: HousingClient, tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["RM", "lstat"])
        writer.writerows([[" 6.5 ", "5e0"], ["6.5", "NA"], [], ["6.5", ""]])
    lines = tmp_path / "lines.jsonl"
    houses = [{"RM": 6.5, "LSTAT": 5}, {"RM": 6.5, "LSTAT": None}, {"RM": 6.5}]
    lines.write_text("\n\n".join(map(json.dumps, houses)))
    expected = prices_of(client.score(houses, progress=False))
    assert prices_of(client.score(path, progress=False)) == expected
    assert prices_of(client.score(lines, progress=False)) == expected
