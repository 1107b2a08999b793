"""What the proxy counts."""

from collections.abc import Mapping

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.rest.answers import HOUSE
from tests.rest.conftest import Start
from tests.support.client import Client

Key = tuple[str, str, str, str]


def samples(client: httpx.Client) -> dict[Key, float]:
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        _key(each.name, each.labels): each.value
        for family in text_string_to_metric_families(response.text)
        for each in family.samples
        if each.labels.get("le") in (None, "+Inf")
    }


def _key(name: str, labels: Mapping[str, str]) -> Key:
    return name, labels.get("method", ""), labels.get("route", ""), labels.get("code", "")


@pytest.fixture
def client(housing: Client, start: Start) -> httpx.Client:
    return start(housing.address)


def test_requests_are_counted_by_route_and_status(client: httpx.Client) -> None:
    for _ in range(3):
        client.post("/predict", json=HOUSE)
    client.post("/v1/predict", json={"RMM": 1})
    client.get("/nope/with/a/key=1")
    client.request("BREW", "/predict")
    found = samples(client)
    total, seconds = "http_requests_total", "http_request_duration_seconds"
    assert found[total, "POST", "/predict", "200"] == 3
    assert found[total, "POST", "/v1/predict", "400"] == 1
    assert found[total, "GET", "none", "404"] == 1
    assert found[f"{seconds}_count", "POST", "/predict", ""] == 3
    assert 0 < found[f"{seconds}_sum", "POST", "/predict", ""] < 90
    assert not any("nope" in route for _, _, route, _ in found)


def test_two_proxies_count_for_themselves(
    client: httpx.Client, housing: Client, start: Start
) -> None:
    other = start(housing.address)
    client.post("/predict", json=HOUSE)
    assert not any(route == "/predict" for _, _, route, _ in samples(other))
