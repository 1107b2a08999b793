"""However houses are asked for, one by one, in a batch or in a stream: the answers are the same."""

import math
from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_status import rpc_status
from housing.v1 import prediction_pb2 as pb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from housing_grpc.bundle.schema import FEATURES
from tests.properties.conftest import Asked
from tests.support.client import SECONDS, ask, house
from tests.support.streams import listed, matrix

Row = list[float]

# Of each kind of model, of which there are four: 200 and 10,000 together.
SHORT = settings(max_examples=50, deadline=None)
LONG = settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))

# Characters of an error's text.
LONGEST = 500

# Beyond every float32, and so refused; and the last that is not.
_REFUSED = (math.inf, -math.inf, 1e39, -3.5e38)
_EXTREME = (0.0, -0.0, 5e-324, 1e-30, 3.4028234663852886e38, -3.4e38, 1e15)


def _cell(choices: Sequence[float], *, integer: bool) -> st.SearchStrategy[float]:
    usual: st.SearchStrategy[float] = st.floats(-10, 800)
    if choices:
        usual = st.sampled_from(list(choices))
    elif integer:
        usual = st.integers(0, 24).map(float)
    strange = st.sampled_from([*_EXTREME, *_REFUSED, 0.5])
    missing = st.just(math.nan)
    return st.one_of(usual, usual, usual, usual, missing, missing, strange)


ROWS: st.SearchStrategy[Row] = st.tuples(
    *(_cell(spec.choices, integer=spec.integer) for spec in FEATURES)
).map(list)
BATCHES = st.lists(ROWS | st.just([math.nan] * len(FEATURES)), min_size=1, max_size=12)


def alone(asked: Asked, row: Row) -> pb.RowResult:
    """Asks Predict; the answer as a row of many would have it."""
    try:
        found = asked.client.predictions.Predict(ask(row), timeout=SECONDS)
    except grpc.RpcError as error:
        failed: Any = error  # Which is a grpc.Call, too.
        return pb.RowResult(error=rpc_status.from_call(failed))
    return pb.RowResult(
        prediction=found.prediction,
        warnings=found.warnings,
        range_warnings=found.range_warnings,
        imputed_features=found.imputed_features,
    )


def batch(asked: Asked, rows: Sequence[Row]) -> list[pb.RowResult]:
    request = pb.PredictBatchRequest(items=[house(row) for row in rows])
    return list(asked.client.predictions.PredictBatch(request, timeout=SECONDS).results)


def stream(asked: Asked, *requests: pb.PredictStreamRequest) -> list[pb.ChunkResult]:
    told = list(asked.client.predictions.PredictStream(iter(requests), timeout=SECONDS))
    assert [message.WhichOneof("message") for message in told[:-1]] == ["chunk"] * len(requests)
    return [message.chunk for message in told[:-1]]


def same(one: float, other: float, units: int) -> bool:
    """Whether two prices are the same bits, or as many units in the last place apart."""
    return abs(one - other) <= units * math.ulp(one) if units else one.hex() == other.hex()


def check_same(one: pb.RowResult, other: pb.RowResult, units: int) -> None:
    """Asserts that two answers are the same, to the bit but for the units allowed."""
    assert one.WhichOneof("outcome") == other.WhichOneof("outcome")
    assert same(one.prediction, other.prediction, units)
    copy = pb.RowResult()
    copy.CopyFrom(other)
    if one.HasField("prediction"):
        copy.prediction = one.prediction
    assert one == copy


def check_batch_equals_its_rows(asked: Asked, rows: list[Row]) -> None:
    for place, (row, result) in enumerate(zip(rows, batch(asked, rows), strict=True)):
        single = alone(asked, row)
        if single.HasField("error"):
            # The same words, but for the path, which is longer: a long text ends sooner.
            assert single.error.code == result.error.code
            words = single.error.message.replace("house", f"items[{place}]")
            assert words == result.error.message or words[:LONGEST] == result.error.message
            assert len(single.error.details) == len(result.error.details)
            assert single.error.details[0] == result.error.details[0]
        else:
            check_same(single, result, asked.units)


def check_order_is_kept(asked: Asked, rows: list[Row], order: list[int]) -> None:
    straight = batch(asked, rows)
    mixed = batch(asked, [rows[place] for place in order])
    for place, result in zip(order, mixed, strict=True):
        assert straight[place].WhichOneof("outcome") == result.WhichOneof("outcome")
        assert same(straight[place].prediction, result.prediction, asked.units)


def check_stream_equals_batch(asked: Asked, chunks: list[list[Row]]) -> None:
    requests = [listed([house(row) for row in rows], n) for n, rows in enumerate(chunks)]
    blocks = [matrix(np.array(rows), n) for n, rows in enumerate(chunks)]
    answers = stream(asked, *requests, *blocks)
    assert [each.sequence for each in answers] == [*range(len(chunks))] * 2
    for rows, listing, block in zip(
        chunks, answers[: len(chunks)], answers[len(chunks) :], strict=True
    ):
        expected = batch(asked, rows)
        for one, other in zip(expected, listing.rows.items, strict=True):
            check_same(one, other, 0)
        check_block(expected, block.prices, asked.units)


def check_block(expected: list[pb.RowResult], prices: pb.PriceVector, units: int) -> None:
    """Asserts that a block of numbers says what the results of a batch do."""
    values = np.frombuffer(prices.values, "<f8").tolist()
    errors = {each.row: each.error for each in prices.errors}
    for place, (one, value) in enumerate(zip(expected, values, strict=True)):
        if one.HasField("error"):
            assert math.isnan(value)
            assert errors.pop(place) == one.error
        else:
            assert same(one.prediction, value, units)
    assert errors == {}


ORDERED = BATCHES.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(range(len(rows)))))
CHUNKS = st.lists(BATCHES, min_size=1, max_size=4)


@SHORT
@given(rows=BATCHES)
def test_a_batch_equals_its_rows(asked: Asked, rows: list[Row]) -> None:
    check_batch_equals_its_rows(asked, rows)


@SHORT
@given(ordered=ORDERED)
def test_order_is_kept(asked: Asked, ordered: tuple[list[Row], list[int]]) -> None:
    check_order_is_kept(asked, *ordered)


@SHORT
@given(chunks=CHUNKS)
def test_a_stream_equals_the_batches(asked: Asked, chunks: list[list[Row]]) -> None:
    check_stream_equals_batch(asked, chunks)


@pytest.mark.fuzz
@LONG
@given(rows=BATCHES)
def test_a_batch_equals_its_rows_in_10_000_examples(asked: Asked, rows: list[Row]) -> None:
    check_batch_equals_its_rows(asked, rows)


@pytest.mark.fuzz
@LONG
@given(ordered=ORDERED)
def test_order_is_kept_in_10_000_examples(
    asked: Asked, ordered: tuple[list[Row], list[int]]
) -> None:
    check_order_is_kept(asked, *ordered)


@pytest.mark.fuzz
@LONG
@given(chunks=CHUNKS)
def test_a_stream_equals_the_batches_in_10_000_examples(
    asked: Asked, chunks: list[list[Row]]
) -> None:
    check_stream_equals_batch(asked, chunks)
