"""Of refusals that come by the thousand, the log has some lines, and the number of the others."""

import types
from collections import Counter
from functools import partial

import pytest
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.base import log_flood
from tests.support.calls import HOUSE
from tests.support.client import SECONDS, Client
from tests.support.client import failure as failed
from tests.support.examples import Example
from tests.support.serving import Events, Serve

LINES = 20


def refused(client: Client, calls: int) -> None:
    for _ in range(calls):
        status = failed(lambda: client.predictions.Predict(HOUSE, timeout=SECONDS))
        assert status.code == StatusCode.UNAUTHENTICATED.value[0]


def test_no_refusal_fills_the_log_and_each_reason_has_lines_of_its_own(
    serve: Serve, linear: Example, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_flood, "time", types.SimpleNamespace(monotonic=lambda: 100.5))
    client = serve(linear.folder)
    for request in (PredictRequest(), PredictRequest(house=House(chas=7))):
        for _ in range(LINES + 10):
            failed(partial(client.predictions.Predict, request, timeout=SECONDS))
    reasons = Counter(event["reason"] for event in events.of("call.failed"))
    assert reasons == {"NO_FEATURES": LINES, "FEATURE_DOMAIN": LINES}


def test_servers_of_one_process_do_not_share_the_limit_of_lines(
    serve: Serve, linear: Example, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = [100.5]
    clock = types.SimpleNamespace(monotonic=lambda: second[0])
    monkeypatch.setattr(log_flood, "time", clock)
    one, other = (serve(linear.folder, api_key="k") for _ in range(2))
    refused(one, LINES + 10)
    assert len(events.of("call.failed")) == LINES
    refused(other, 1)
    assert len(events.of("call.failed")) == LINES + 1
    assert "unlogged" not in events.of("call.failed")[-1]
    second[0] += 1
    refused(one, 1)
    assert events.of("call.failed")[-1]["unlogged"] == 10
