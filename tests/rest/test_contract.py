"""The lines that must work as they stand, and what they answer."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from google.protobuf import json_format
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.rest.answers import HOUSE, error
from tests.support.client import SECONDS, Client
from tests.support.examples import Example


def answered(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()


def asked() -> PredictRequest:
    return PredictRequest(house=House(**{name.lower(): value for name, value in HOUSE.items()}))


@pytest.mark.parametrize("path", ["/predict", "/v1/predict"])
def test_a_house_is_priced_as_over_grpc(
    rest: httpx.Client, housing: Client, linear: Example, path: str
) -> None:
    answer = answered(rest.post(path, json=HOUSE))
    assert list(answer)[:4] == ["prediction", "model_version", "timestamp", "warnings"]
    wanted = housing.predictions.Predict(asked(), timeout=SECONDS)
    moment = datetime.fromisoformat(answer.pop("timestamp"))
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 60
    assert answer == {
        "prediction": wanted.prediction,
        "model_version": linear.version,
        "warnings": [],
        "range_warnings": [],
        "imputed_features": [],
    }


def test_names_are_taken_in_either_spelling(rest: httpx.Client) -> None:
    spelled = {name.lower(): value for name, value in HOUSE.items()}
    one, other = (answered(rest.post("/predict", json=body)) for body in (HOUSE, spelled))
    assert one["prediction"] == other["prediction"]


def test_null_is_a_missing_feature(rest: httpx.Client) -> None:
    answer = answered(rest.post("/predict", json={**HOUSE, "LSTAT": None}))
    assert answer["imputed_features"] == ["LSTAT"]


@pytest.mark.parametrize("path", ["/predict/batch", "/v1/predict/batch"])
def test_a_batch_answers_row_by_row(rest: httpx.Client, linear: Example, path: str) -> None:
    items = [HOUSE, {"RM": 12.5}, {"CHAS": 3}]
    answer = answered(rest.post(path, json={"items": items}))
    price = answered(rest.post("/predict", json=HOUSE))["prediction"]
    assert (answer["model_version"], len(answer["results"])) == (linear.version, 3)
    assert answer["results"][0] == {
        "prediction": price, "warnings": [], "range_warnings": [], "imputed_features": [],
    }  # fmt: skip
    assert answer["results"][1]["warnings"] == [
        "Feature 'RM' value 12.5 is outside training range [3.561, 8.78]"
    ]
    assert answer["results"][1]["range_warnings"] == [
        {"feature": "RM", "value": 12.5, "min": 3.561, "max": 8.78}
    ]
    told = "is 3, but must be 0 or 1"
    assert answer["results"][2] == {
        **error(
            400,
            "INVALID_ARGUMENT",
            "FEATURE_DOMAIN",
            f"items[2].CHAS {told}",
            violations={"items[2].CHAS": told},
        ),
        "warnings": [],
        "range_warnings": [],
        "imputed_features": [],
    }


@pytest.mark.parametrize("path", ["/model/info", "/v1/model/info"])
def test_the_model_is_told(rest: httpx.Client, housing: Client, path: str) -> None:
    wanted = json_format.MessageToDict(
        housing.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        unquote_int64_if_possible=True,
    )
    answer = answered(rest.get(path))
    assert answer == wanted
    assert list(answer["features"][0]) == [
        "name", "unit", "description", "min", "max", "missing_count", "integer", "choices",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/model/reload", "/v1/model/reload"])
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_reload_needs_no_body(
    rest: httpx.Client, linear: Example, path: str, body: bytes
) -> None:
    headers = {"content-type": "application/json"} if body else {}
    answer = answered(rest.post(path, content=body, headers=headers))
    assert (answer["version"], answer["changed"]) == (linear.version, False)


@pytest.mark.parametrize("path", ["/health", "/v1/health"])
def test_health_is_the_servers_own(rest: httpx.Client, path: str) -> None:
    assert answered(rest.get(path)) == {"status": "SERVING", "proxy_version": "0.1.0"}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
def test_the_index_lists_every_route_of_the_contract(rest: httpx.Client, path: str) -> None:
    answer = answered(rest.get(path))
    found = {(route["method"], route["path"]) for route in answer["routes"]}
    assert found >= {
        (verb, f"/v1{path}")
        for verb, path in (
            ("POST", "/predict"), ("POST", "/predict/batch"),
            ("GET", "/model/info"), ("POST", "/model/reload"),
        )
    }  # fmt: skip
    assert all(route["summary"] for route in answer["routes"])
    for name in ("docs", "openapi", "health", "metrics"):
        assert rest.get(answer[name]).status_code == 200


def test_head_is_get_without_a_body(rest: httpx.Client) -> None:
    response = rest.head("/health")
    assert (response.status_code, response.content) == (200, b"")


def test_the_batch_limit_is_a_setting(rest: httpx.Client, housing: Client, start: Any) -> None:
    body = {"items": [{"RM": 6.0}] * 101}
    message = rest.post("/predict/batch", json=body).json()["error"]["message"]
    assert message == "items holds 101 entries, 100 are allowed; send them in parts"
    assert rest.post("/predict/batch", json={"items": body["items"][1:]}).status_code == 200
    wider = start(housing.address, api_max_batch_rows=101)
    assert len(answered(wider.post("/predict/batch", json=body))["results"]) == 101
