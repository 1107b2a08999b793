"""What houses sold for, and how good prices were, over HTTP."""

from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.rest.answers import HOUSE, refused
from tests.rest.conftest import Loop, proxied
from tests.support.examples import Example
from tests.support.serving import housing_server


@pytest.fixture
def client(loop: Loop, stack: ExitStack, linear: Example, tmp_path: Path) -> httpx.Client:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    server = housing_server(stack, linear.folder, feedback_url=url, housing_home=str(tmp_path))
    return stack.enter_context(proxied(loop, f"127.0.0.1:{server.port}"))


def test_a_price_comes_back(client: httpx.Client, linear: Example) -> None:
    priced = client.post("/v1/predict?receipt=true", json=HOUSE).json()
    sold = {
        "receipt": priced["receipt"],
        "actual": priced["prediction"] + 1,
        "observed_at": "2026-01-30T12:00:00Z",
        "source": "land-registry",
    }
    short = {"receipt": "short", "actual": 1}
    answer = client.post("/v1/feedback", json={"items": [sold, short]})
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    assert first == {"recorded": "RECORDED_NEW"}
    assert second["error"]["details"][0]["reason"] == "RECEIPT_MALFORMED"
    (live,) = client.get("/v1/quality").json()["models"]
    assert (live["model_version"], live["live"], live["labels"]) == (linear.version, True, 1)
    assert live["bias"] == pytest.approx(-1.0)
    assert client.get("/v1/quality?model_version=99").json() == {"models": []}
    gone = {"receipt": priced["receipt"], "retract": True}
    answer = client.post("/v1/feedback", json={"items": [gone]})
    assert answer.json() == {"results": [{"recorded": "RECORDED_RETRACTED"}]}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"items": []}, "EMPTY_BATCH"),
        ({}, "EMPTY_BATCH"),
        ({"items": [{"actual": "x"}]}, "JSON_WRONG_TYPE"),
        ({"items": [{"observed_at": "soon"}]}, "JSON_WRONG_TYPE"),
        ({"items": [{"prices": 1}]}, "JSON_UNKNOWN_FIELD"),
        ({"items": [{"receipt": "x"}] * 101}, "BATCH_TOO_LARGE"),
    ],
)
def test_what_is_no_request(client: httpx.Client, body: object, reason: str) -> None:
    assert refused(client.post("/v1/feedback", json=body))[:2] == (400, reason)


def test_a_server_that_keeps_none(rest: httpx.Client) -> None:
    body = {"items": [{"receipt": "x", "actual": 1}]}
    for answer in (rest.post("/v1/feedback", json=body), rest.get("/v1/quality")):
        assert refused(answer)[:2] == (400, "FEEDBACK_OFF")
