"""Predict: the price of one house."""

import time

import numpy as np
import pytest
from housing.v1.prediction_pb2 import PredictResponse, RangeWarning

from admin.data.dataset import Dataset
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import SECONDS, Client, ask
from tests.support.examples import Example
from tests.support.serving import Serve

RM = FEATURE_NAMES.index("RM")


def row_of(houses: Dataset, index: int = 0) -> list[float]:
    """Gives a row of the data in which nothing is missing."""
    whole = houses.features.dropna()
    return [float(value) for value in whole.to_numpy()[index]]


def without_time(response: PredictResponse) -> PredictResponse:
    response.ClearField("timestamp")
    return response


@pytest.mark.parametrize("name", ["linear", "forest"])
def test_every_row_of_the_data_is_priced_as_by_the_fitted_pipeline(
    name: str, request: pytest.FixtureRequest, serve: Serve, houses: Dataset
) -> None:
    example: Example = request.getfixturevalue(name)
    client = serve(example.folder)
    rows = houses.features.to_numpy()
    got = [client.predictions.Predict(ask(row), timeout=SECONDS) for row in rows]
    prices = [answer.prediction for answer in got]
    np.testing.assert_allclose(prices, example.prices(rows), rtol=0, atol=1e-4)
    assert {answer.model_version for answer in got} == {example.version}


def test_the_answer_is_whole(client: Client, linear: Example, houses: Dataset) -> None:
    row = row_of(houses)
    before = time.time()
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert before - 1e-3 <= answer.timestamp.ToNanoseconds() / 1e9 <= time.time()
    assert answer.prediction == pytest.approx(linear.prices(np.array([row]))[0], abs=1e-4)
    answer.prediction = 0
    assert without_time(answer) == PredictResponse(model_version=linear.version)


def test_what_is_missing_is_imputed_and_named(
    client: Client, linear: Example, houses: Dataset
) -> None:
    row = row_of(houses)
    for name in ("CRIM", "LSTAT"):
        row[FEATURE_NAMES.index(name)] = float("nan")
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert answer.prediction == pytest.approx(linear.prices(np.array([row]))[0], abs=1e-4)
    assert list(answer.imputed_features) == ["CRIM", "LSTAT"]
    assert not answer.warnings


def test_one_feature_is_enough(client: Client, linear: Example) -> None:
    row = [float("nan")] * 13
    row[RM] = 6.5
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert answer.prediction == pytest.approx(linear.prices(np.array([row]))[0], abs=1e-4)
    assert list(answer.imputed_features) == [name for name in FEATURE_NAMES if name != "RM"]


def test_zero_is_a_value_and_not_a_missing_one(
    client: Client, linear: Example, houses: Dataset
) -> None:
    row = row_of(houses)
    for name in ("ZN", "CHAS", "LSTAT"):
        row[FEATURE_NAMES.index(name)] = 0.0
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert answer.prediction == pytest.approx(linear.prices(np.array([row]))[0], abs=1e-4)
    assert not answer.imputed_features
    assert [warning.feature for warning in answer.range_warnings] == ["LSTAT"]


def test_a_value_outside_the_training_range_is_priced_with_a_warning(
    client: Client, linear: Example, houses: Dataset
) -> None:
    row = row_of(houses)
    row[RM] = 12.5
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert answer.prediction == pytest.approx(linear.prices(np.array([row]))[0], abs=1e-4)
    answer.prediction = 0
    assert without_time(answer) == PredictResponse(
        model_version=linear.version,
        warnings=["Feature 'RM' value 12.5 is outside training range [3.561, 8.78]"],
        range_warnings=[RangeWarning(feature="RM", value=12.5, min=3.561, max=8.78)],
    )


def test_the_ends_of_the_training_range_are_inside_it(client: Client, houses: Dataset) -> None:
    for row in (houses.features.min(), houses.features.max()):
        answer = client.predictions.Predict(ask(row.to_numpy()), timeout=SECONDS)
        assert (list(answer.warnings), list(answer.range_warnings)) == ([], [])


def test_the_largest_numbers_are_priced_with_warnings(client: Client) -> None:
    most = float(np.finfo(np.float32).max)
    row = [-most] * 13
    row[FEATURE_NAMES.index("CHAS")] = 1.0
    answer = client.predictions.Predict(ask(row), timeout=SECONDS)
    assert np.isfinite(answer.prediction)
    assert [each.value for each in answer.range_warnings] == [-most] * 12
