"""What a stream answers: in order, by one model a chunk, in the form of the question."""

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from admin.data.dataset import Dataset
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support import examples
from tests.support.client import house, reason_of
from tests.support.examples import Example, Rows
from tests.support.streams import Open, Start, Target, listed, matrix
from tests.support.waiting import SECONDS

PINNED = [False, True]


def prices(chunk: pb.ChunkResult) -> list[float]:
    """The prices of a chunk of either form, NaN where there is none."""
    if chunk.WhichOneof("payload") == "prices":
        found: list[float] = np.frombuffer(chunk.prices.values, "<f8").tolist()
        return found
    return [x.prediction if x.HasField("prediction") else math.nan for x in chunk.rows.items]


def marks(chunk: pb.ChunkResult) -> tuple[list[list[str]], list[list[str]]]:
    """The features of each house that were out of range and filled in, of either form."""
    if chunk.WhichOneof("payload") == "rows":
        items = chunk.rows.items
        outside = [[each.feature for each in item.range_warnings] for item in items]
        return outside, [list(item.imputed_features) for item in items]
    count = len(chunk.prices.values) // 8
    found = []
    for data, rows in (
        (chunk.prices.out_of_range, chunk.prices.out_of_range_rows),
        (chunk.prices.imputed, chunk.prices.imputed_rows),
    ):
        assert len(data) == (2 * count if rows else 0)
        bits = np.frombuffer(data or bytes(2 * count), "<u2").tolist()
        assert sum(map(bool, bits)) == rows
        found.append([[n for i, n in enumerate(FEATURE_NAMES) if bit >> i & 1] for bit in bits])
    return found[0], found[1]


@pytest.fixture(scope="module")
def rows(houses: Dataset) -> Rows:
    return houses.features.to_numpy(dtype=np.float64)


def test_chunks_are_answered_in_order_with_their_sequences(
    target: Target, rows: Rows, linear: Example
) -> None:
    sequences = [7, 0, 2**64 - 1, 7, 3]
    told = target.ask([matrix(rows[i : i + 9], n) for i, n in enumerate(sequences)])
    assert [chunk.sequence for chunk in told.chunks] == sequences
    for i, chunk in enumerate(told.chunks):
        assert prices(chunk) == pytest.approx(linear.prices(rows[i : i + 9]).tolist(), abs=1e-4)
        assert chunk.model_version == linear.version
        assert chunk.timestamp.seconds > 0
    assert told.summary == pb.StreamSummary(chunks=5, rows=45, model_versions=[linear.version])


def test_the_answer_has_the_form_of_the_question(target: Target, rows: Rows) -> None:
    mixed = [matrix(rows[:4]), listed([house(row) for row in rows[:4]]), matrix(rows[4:5])]
    told = target.ask(mixed)
    forms = [chunk.WhichOneof("payload") for chunk in told.chunks]
    assert forms == ["prices", "rows", "prices"]
    assert prices(told.chunks[0]) == prices(told.chunks[1])


def test_a_stream_without_chunks_has_an_empty_summary(target: Target) -> None:
    told = target.ask([])
    assert (told.chunks, told.summary, told.error) == ([], pb.StreamSummary(), None)


def test_a_bad_row_costs_that_row(target: Target, rows: Rows) -> None:
    bad = np.array([rows[0]] * 6)
    bad[1, 5], bad[2, 3], bad[3], bad[4, 8] = np.inf, 0.5, np.nan, 2.5
    for request in (matrix(bad), listed([house(row) for row in bad])):
        told = target.ask([request])
        (chunk,) = told.chunks
        found = prices(chunk)
        assert [math.isnan(price) for price in found] == [False, True, True, True, True, False]
        errors = (
            {each.row: each.error for each in chunk.prices.errors}
            if chunk.HasField("prices")
            else {place: chunk.rows.items[place].error for place in range(1, 5)}
        )
        assert {place: reason_of(error) for place, error in errors.items()} == {
            1: "FEATURE_NOT_FINITE",
            2: "FEATURE_DOMAIN",
            3: "NO_FEATURES",
            4: "FEATURE_DOMAIN",
        }
        assert told.summary
        assert (told.summary.rows, told.summary.errors) == (6, 4)


def test_rows_tell_warnings_and_matrix_names_their_features(target: Target, rows: Rows) -> None:
    odd = rows[[0, 1]].copy()
    odd[0, 5], odd[1, 6] = 99, np.nan
    told = target.ask([matrix(odd), listed([house(row) for row in odd])])
    counted, listed_ = told.chunks[0].prices, told.chunks[1].rows.items
    assert (counted.out_of_range_rows, counted.imputed_rows) == (1, 1)
    assert [warning.feature for warning in listed_[0].range_warnings] == ["RM"]
    assert list(listed_[1].imputed_features) == ["AGE"]
    for chunk in told.chunks:
        assert marks(chunk) == ([["RM"], []], [[], ["AGE"]])


def test_in_a_chunk_that_is_scored_in_parts_every_house_keeps_its_place(
    target: Target, rows: Rows
) -> None:
    many = np.tile(rows[:1], (2100, 1))
    many[1500, 5], many[2000, 5] = np.inf, 99
    for request in (matrix(many), listed([house(row) for row in many])):
        told = target.ask([request])
        (chunk,) = told.chunks
        found = prices(chunk)
        assert len(found) == 2100
        assert [place for place, price in enumerate(found) if math.isnan(price)] == [1500]
        outside, missing = marks(chunk)
        assert {place: names for place, names in enumerate(outside) if names} == {2000: ["RM"]}
        assert not any(missing)
        assert told.summary
        assert (told.summary.rows, told.summary.errors) == (2100, 1)


VALUES = st.one_of(
    st.just(math.nan),
    st.floats(-1e3, 1e3),
    st.sampled_from([0.0, 1.0, -0.0, 0.5, 2.0, 4.0, 1e38, 3.5e38, math.inf, -math.inf]),
)


@settings(max_examples=60, deadline=None)
@given(
    values=arrays.arrays(np.float64, st.tuples(st.integers(1, 12), st.just(13)), elements=VALUES)
)
def test_both_forms_give_the_same(target: Target, values: Rows) -> None:
    told = target.ask([matrix(values), listed([house(row) for row in values])])
    block, items = told.chunks[0].prices, told.chunks[1].rows.items
    assert prices(told.chunks[0]) == pytest.approx(prices(told.chunks[1]), abs=1e-9, nan_ok=True)
    assert marks(told.chunks[0]) == marks(told.chunks[1])
    errors = {each.row: each.error for each in block.errors}
    assert errors == {i: item.error for i, item in enumerate(items) if item.HasField("error")}


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(FEATURE_NAMES), width=st.integers(1, 13))
def test_any_features_in_any_order(
    target: Target, rows: Rows, linear: Example, order: list[str], width: int
) -> None:
    names = order[:width]
    columns = [FEATURE_NAMES.index(name) for name in names]
    whole = rows[~np.isnan(rows).any(axis=1)][:20]
    part = np.full_like(whole, np.nan)
    part[:, columns] = whole[:, columns]
    (chunk,) = target.ask([matrix(whole[:, columns], features=names)]).chunks
    assert prices(chunk) == pytest.approx(linear.prices(part).tolist(), abs=1e-4)
    assert chunk.prices.imputed_rows == (0 if width == 13 else 20)


@pytest.mark.parametrize("pinned", PINNED)
def test_a_reload_in_mid_stream(
    start: Start,
    opened: Callable[[Target], Open],
    linear: Example,
    rows: Rows,
    tmp_path: Path,
    *,
    pinned: bool,
) -> None:
    folder, other = tmp_path / "bundle", tmp_path / "other"
    shutil.copytree(linear.folder, folder)
    target = start(folder)
    stream = opened(target)
    stream.send(matrix(rows[:3], 0, pin=pinned))
    assert stream.answer().chunk.model_version == linear.version
    digest = examples.rewrite(folder, other, change=_renamed)
    shutil.rmtree(folder)
    other.rename(folder)
    reload(target)
    stream.send(matrix(rows[:3], 1, pin=not pinned))
    new = digest[:12]
    assert stream.answer().chunk.model_version == (linear.version if pinned else new)
    stream.half_close()
    expected = [linear.version] if pinned else [linear.version, new]
    assert list(stream.answer().summary.model_versions) == expected


def _renamed(metadata: Any) -> Any:
    return msgspec.structs.replace(metadata, run_id="another")


def reload(target: Target) -> None:
    from housing.v1.model_pb2 import ReloadModelRequest
    from housing.v1.model_pb2_grpc import ModelServiceStub

    reload = ModelServiceStub(target.channel).ReloadModel
    assert reload(ReloadModelRequest(), timeout=SECONDS).changed
