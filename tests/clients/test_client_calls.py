"""Single calls of the ordinary client: what it takes, gives and raises."""

import dataclasses
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import grpc
import numpy as np
import pytest
from housing.v1 import prediction_pb2 as pb

from clients import python as housing
from clients.python import House, HousingClient, Prediction, RowError
from tests.clients.conftest import Connect, Serve
from tests.support.errors import raised
from tests.support.examples import Example

Named = namedtuple("Named", "CRIM RM LSTAT")

SHAPES = [
    {"RM": 6.5, "LSTAT": 5.0, "CRIM": 0.1},
    {"rm": 6.5, "Lstat": Decimal(5), "crim": np.float64(0.1), "B": None},
    House(rm=6.5, lstat=5, crim=0.1),
    Named(CRIM=0.1, RM=6.5, LSTAT=5),
    pb.House(rm=6.5, lstat=5, crim=0.1),
]


@pytest.mark.parametrize("house", SHAPES, ids=lambda house: type(house).__name__)
def test_a_house_may_have_many_shapes(client: HousingClient, house: object) -> None:
    found = client.predict(house)
    assert found.price == client.predict(rm=6.5, LSTAT=5, CRIM=0.1).price
    assert "AGE" in (found.imputed_features or ())


def test_an_answer_is_whole(client: HousingClient, linear: Example) -> None:
    row = np.array([[0.1, 18, 2.31, 0, 0.538, 12.5, 65.2, 4.09, 1, 296, 15.3, 396.9, np.nan]])
    names = housing.FEATURES
    before = datetime.now(UTC)
    found = client.predict(dict(zip(names[:-1], row[0], strict=False)))
    assert found.price == pytest.approx(float(linear.prices(row)[0]), abs=1e-4)
    assert found.model_version == linear.version
    assert before - timedelta(seconds=1) < found.timestamp < datetime.now(UTC)
    assert found.imputed_features == ("LSTAT",)
    assert found.out_of_range_features == ("RM",)
    assert found.warnings
    assert found.range_warnings
    (warning,) = found.range_warnings
    assert (warning.feature, warning.value) == ("RM", 12.5)
    assert found.warnings[0].startswith("Feature 'RM' value 12.5 is outside training range")
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.price = 0.0  # type: ignore[misc]


def test_keywords_win_over_the_house(client: HousingClient) -> None:
    found = client.predict({"RM": 5, "AGE": 3}, rm=7)
    assert found.price == client.predict(RM=7, AGE=3).price


def test_a_batch_keeps_the_order_and_the_good_rows(client: HousingClient) -> None:
    found = client.predict_batch([{"RM": 6}, {"RM": "six"}, {"CHAS": 0.5}, House(rm=7)])
    kinds = [type(each) for each in found]
    assert kinds == [Prediction, RowError, RowError, Prediction]
    bad = [each for each in found if isinstance(each, RowError)]
    assert [each.row for each in bad] == [1, 2]
    assert [each.reason for each in bad] == ["NOT_A_NUMBER", "FEATURE_DOMAIN"]
    assert [each.violations[0].field for each in bad] == ["RM", "CHAS"]


def test_info_tells_all(client: HousingClient, linear: Example) -> None:
    found = client.info()
    assert found.version == linear.version
    assert found.bundle_digest == linear.digest
    assert [feature.name for feature in found.features] == list(housing.FEATURES)
    assert found.target.unit == "thousands of USD"
    assert found.metrics == {"rmse": 4.5, "cv_rmse": 4.75}
    assert found.trained_at < found.loaded_at


def test_a_reload_of_the_same_model_changes_nothing(client: HousingClient, linear: Example) -> None:
    found = client.reload()
    assert (found.changed, found.version) == (False, linear.version)
    assert found.duration > timedelta(0)


def test_health_is_told_once_and_watched(client: HousingClient) -> None:
    assert client.health() is housing.Health.SERVING
    assert client.health("housing.v1.PredictionService") is housing.Health.SERVING
    watching = client.watch()
    assert next(watching) is housing.Health.SERVING
    watching.close()  # type: ignore[attr-defined]
    assert next(client.watch("no.such.Service")) is housing.Health.SERVICE_UNKNOWN


def test_an_error_carries_all_that_the_server_said(client: HousingClient) -> None:
    error = raised(housing.InvalidArgumentError, client.predict, RM=float("inf"), CRIM=1e39, AGE=4)
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "FEATURE_NOT_FINITE"
    assert {each.field for each in error.violations} == {"house.RM", "house.CRIM"}
    assert [each.description.partition(";")[0] for each in error.violations] == [
        "is 1e+39, which is too large",
        "is not finite",
    ]
    assert error.request_id
    assert str(error).endswith("[INVALID_ARGUMENT, FEATURE_NOT_FINITE]")


def test_a_misspelt_feature_is_not_scored_as_missing(client: HousingClient) -> None:
    error = raised(housing.InvalidArgumentError, client.predict, RM=6, LSTATT=3)
    assert error.reason == "UNKNOWN_FEATURE"
    assert error.violations[0].field == "house.LSTATT"


def test_an_unknown_version_has_its_own_class(client: HousingClient) -> None:
    error = raised(housing.FailedPreconditionError, client.reload, version="3")
    assert error.reason == "SOURCE_HAS_NO_VERSIONS"
    with pytest.raises(housing.InvalidArgumentError):
        client.reload(version="3", alias="production")


def test_limits_of_the_server_are_errors(serve: Serve, connect: Connect, linear: Example) -> None:
    small = connect(serve(linear.folder, max_batch_rows=2, max_chunk_rows=2))
    with pytest.raises(housing.InvalidArgumentError, match="more than 2 houses"):
        small.predict_batch([{"RM": 1}] * 3)
    error = raised(housing.InvalidArgumentError, list, small.score([{"RM": 1}] * 3, progress=False))
    assert error.reason == "BATCH_TOO_LARGE"
    with pytest.raises(housing.InvalidArgumentError, match="EMPTY_BATCH"):
        small.predict_batch([])


def test_nobody_there_is_unavailable(free_port: int, connect: Connect) -> None:
    gone = connect(f"127.0.0.1:{free_port}")
    assert raised(housing.UnavailableError, gone.predict, RM=6).reason == ""
    with pytest.raises(housing.UnavailableError):
        list(gone.score([{"RM": 6}], progress=False))
