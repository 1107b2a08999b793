"""PredictBatch: many houses, each with its own outcome."""

import math

import hypothesis
import numpy as np
import pytest
from grpc import StatusCode
from housing.v1.prediction_pb2 import (
    House,
    PredictBatchRequest,
    PredictBatchResponse,
    PredictRequest,
    RangeWarning,
    RowResult,
)
from hypothesis import strategies as st

from admin.data.dataset import Dataset
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import SECONDS, Client, failure, house, refusal
from tests.support.examples import Example
from tests.support.serving import Serve

NOT_FINITE = "is not finite; send a finite number, or leave it out"
ALL = ", ".join(FEATURE_NAMES)


def batch(client: Client, items: list[House]) -> PredictBatchResponse:
    return client.predictions.PredictBatch(PredictBatchRequest(items=items), timeout=SECONDS)


def repeated(houses: Dataset, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Gives as many rows as are asked for; no two neighbours are alike."""
    rows = houses.features.to_numpy()
    return np.array([rows[index % len(rows)] for index in range(count)])


@pytest.mark.parametrize("count", [1, 255, 256, 257, 2500])
def test_rows_keep_their_order_across_chunks(
    client: Client, linear: Example, houses: Dataset, count: int
) -> None:
    rows = repeated(houses, count)
    answer = batch(client, [house(row) for row in rows])
    prices = [result.prediction for result in answer.results]
    np.testing.assert_allclose(prices, linear.prices(rows), rtol=0, atol=1e-4)
    assert answer.model_version == linear.version
    assert answer.timestamp.seconds > 0


def test_a_bad_row_does_not_spoil_the_others(client: Client, linear: Example) -> None:
    good = House(rm=6.5, chas=1)
    items = [good, House(rm=math.nan), House(), House(chas=3), House(rm=20), good]
    results = batch(client, items).results
    prices = linear.prices(np.array([[math.nan] * 3 + [1, math.nan, 6.5] + [math.nan] * 7]))
    assert results[0].prediction == pytest.approx(prices[0], abs=1e-4)
    assert results[0] == results[5]
    invalid = StatusCode.INVALID_ARGUMENT
    assert list(results[1:4]) == [
        RowResult(
            error=refusal(
                invalid,
                "FEATURE_NOT_FINITE",
                f"items[1].RM {NOT_FINITE}",
                {"items[1].RM": NOT_FINITE},
            )
        ),
        RowResult(
            error=refusal(
                invalid,
                "NO_FEATURES",
                f"items[2]: has no feature; set at least one of {ALL}",
                {"items[2]": "set at least one feature"},
            )
        ),
        RowResult(
            error=refusal(
                invalid,
                "FEATURE_DOMAIN",
                "items[3].CHAS is 3, but must be 0 or 1",
                {"items[3].CHAS": "is 3, but must be 0 or 1"},
            )
        ),
    ]
    results[4].ClearField("prediction")
    assert results[4] == RowResult(
        warnings=["Feature 'RM' value 20 is outside training range [3.561, 8.78]"],
        range_warnings=[RangeWarning(feature="RM", value=20, min=3.561, max=8.78)],
        imputed_features=[name for name in FEATURE_NAMES if name != "RM"],
    )


def test_a_row_in_a_later_chunk_is_named_by_its_place_among_all(client: Client) -> None:
    items = [House(rm=6)] * 1500
    items[1234] = House(rm=math.nan)
    results = batch(client, items).results
    assert [index for index, result in enumerate(results) if result.HasField("error")] == [1234]
    assert results[1234].error.message == f"items[1234].RM {NOT_FINITE}"


def test_a_chunk_of_bad_rows_alone(client: Client) -> None:
    results = batch(client, [House()] * 1001).results
    assert [result.WhichOneof("outcome") for result in results] == ["error"] * 1001


def test_no_rows(client: Client) -> None:
    assert failure(lambda: batch(client, [])) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "EMPTY_BATCH",
        "items: is empty; send 1 to 10000 houses",
        {"items": "send at least one house"},
    )


def test_as_many_rows_as_the_limit_and_one_more(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, max_batch_rows=3)
    assert len(batch(client, [House(rm=6)] * 3).results) == 3
    # Bad rows, too: the limit is looked at first.
    assert failure(lambda: batch(client, [House()] * 4)) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "BATCH_TOO_LARGE",
        "items: holds more than 3 houses, which is the most; send them in parts",
        {"items": "send at most 3"},
    )


anything = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 1e39]))
some_rows = st.lists(st.lists(anything, min_size=13, max_size=13), min_size=1, max_size=20)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(rows=some_rows)
def test_a_batch_answers_as_its_rows_do(client: Client, rows: list[list[float]]) -> None:
    items = [house(row) for row in rows]
    for item, result in zip(items, batch(client, items).results, strict=True):
        if result.HasField("error"):
            alone = failure(
                lambda item=item: client.predictions.Predict(  # type: ignore[misc]
                    PredictRequest(house=item), timeout=SECONDS
                )
            )
            assert (alone.code, len(alone.details)) == (result.error.code, 2)
            continue
        single = client.predictions.Predict(PredictRequest(house=item), timeout=SECONDS)
        assert single.prediction == pytest.approx(result.prediction, rel=1e-9, abs=1e-9)
        assert list(single.warnings) == list(result.warnings)
        assert list(single.range_warnings) == list(result.range_warnings)
        assert list(single.imputed_features) == list(result.imputed_features)
