"""Of refusals that come by the thousand, the log has some lines, and the number of the others."""

import types

import pytest
from grpc import StatusCode

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
