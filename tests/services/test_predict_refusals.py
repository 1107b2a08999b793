"""Predict: what is no house, and what the caller is told of it."""

import math

import numpy as np
import pytest
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.support.client import SECONDS, Client, failure, refusal

ABOVE_FLOAT32 = float(np.nextafter(np.float64(np.finfo(np.float32).max), math.inf))
ALL = ", ".join(FEATURE_NAMES)


def predicted(client: Client, request: PredictRequest) -> Status:
    return failure(lambda: client.predictions.Predict(request, timeout=SECONDS))


@pytest.mark.parametrize("request_", [PredictRequest(), PredictRequest(house=House())])
def test_no_feature_at_all(client: Client, request_: PredictRequest) -> None:
    assert predicted(client, request_) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "NO_FEATURES",
        f"house: has no feature; set at least one of {ALL}",
        {"house": "set at least one feature"},
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "not finite; send a finite number"),
        (math.inf, "not finite; send a finite number"),
        (-math.inf, "not finite; send a finite number"),
        (ABOVE_FLOAT32, "3.40282e+38, which is too large; send at most 3.4e+38"),
        (1e308, "1e+308, which is too large; send at most 3.4e+38"),
        (-1e300, "-1e+300, which is too large; send at most 3.4e+38"),
    ],
)
def test_a_value_that_is_no_finite_number(client: Client, value: float, shown: str) -> None:
    text = f"is {shown}, or leave it out"
    assert predicted(client, PredictRequest(house=House(rm=value, age=50))) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "FEATURE_NOT_FINITE",
        f"house.RM {text}",
        {"house.RM": text},
    )


def test_faults_of_every_kind_are_named_at_once(client: Client) -> None:
    texts = {
        "house.RM": "is not finite; send a finite number, or leave it out",
        "house.CHAS": "is 0.5, but must be 0 or 1",
        "house.RAD": "is 1.5, but must be a whole number",
    }
    house = House(rm=math.inf, chas=0.5, rad=1.5)
    assert predicted(client, PredictRequest(house=house)) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "FEATURE_NOT_FINITE",
        "; ".join(f"{field} {text}" for field, text in texts.items()),
        texts,
    )


def test_every_value_that_is_no_finite_number_is_named(client: Client) -> None:
    house = House(**{name.lower(): math.nan for name in FEATURE_NAMES})
    text = "is not finite; send a finite number, or leave it out"
    fields = [f"house.{name}" for name in FEATURE_NAMES]
    assert predicted(client, PredictRequest(house=house)) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "FEATURE_NOT_FINITE",
        "; ".join(f"{field} {text}" for field in fields)[:500],
        dict.fromkeys(fields, text),
    )


@pytest.mark.parametrize(
    ("house", "violations"),
    [
        (House(chas=0.5), {"house.CHAS": "is 0.5, but must be 0 or 1"}),
        (House(chas=2), {"house.CHAS": "is 2, but must be 0 or 1"}),
        (House(rad=4.5), {"house.RAD": "is 4.5, but must be a whole number"}),
        (
            House(chas=-1, rad=0.5, rm=6),
            {
                "house.CHAS": "is -1, but must be 0 or 1",
                "house.RAD": "is 0.5, but must be a whole number",
            },
        ),
    ],
)
def test_a_value_outside_the_domain(
    client: Client, house: House, violations: dict[str, str]
) -> None:
    assert predicted(client, PredictRequest(house=house)) == refusal(
        StatusCode.INVALID_ARGUMENT,
        "FEATURE_DOMAIN",
        "; ".join(f"{field} {text}" for field, text in violations.items()),
        violations,
    )


def test_negative_zero_is_in_the_domain(client: Client) -> None:
    request = PredictRequest(house=House(chas=-0.0, rad=-0.0))
    assert client.predictions.Predict(request, timeout=SECONDS).imputed_features
