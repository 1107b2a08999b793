"""Log lines of a server and its proxy lead to the trace of the call that they are about."""

from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from housing.v1.prediction_pb2 import PredictRequest

from tests.metrics.otlp import Collector
from tests.support.client import client_of, failed
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving, started
from tests.support.waiting import SECONDS

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"

Served = tuple[ServerProcess, str]


@pytest.fixture
def served(linear: Example) -> Iterator[Served]:
    with serving(linear.folder) as process:
        yield process, f"127.0.0.1:{process.event('server.serving')['port']}"


def refuse(target: str, **metadata: str) -> None:
    with grpc.insecure_channel(target) as channel:
        predict = client_of(channel, target).predictions.Predict
        sent = tuple(metadata.items())
        failed(lambda: predict(PredictRequest(), metadata=sent, timeout=SECONDS))


def ids(entry: dict[str, Any]) -> tuple[str | None, str | None]:
    return entry.get("trace_id"), entry.get("span_id")


def test_a_failed_call_names_the_trace_of_its_caller(served: Served) -> None:
    server, target = served
    refuse(target, traceparent=TRACEPARENT)
    assert ids(server.event("call.failed")) == (TRACE, PARENT)


def test_a_call_without_a_trace_names_none(served: Served) -> None:
    server, target = served
    for sent in ({}, {"traceparent": "00-not-a-trace"}):
        refuse(target, **sent)
        assert ids(server.event("call.failed")) == (None, None)


def test_a_refused_call_names_it_too(linear: Example) -> None:
    with serving(linear.folder, API_KEY="secret") as server:
        refuse(f"127.0.0.1:{server.event('server.serving')['port']}", traceparent=TRACEPARENT)
        entry = server.event("call.failed")
    assert (entry["code"], *ids(entry)) == ("UNAUTHENTICATED", TRACE, PARENT)


def test_a_server_that_makes_spans_names_its_own(linear: Example) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    with Collector() as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        with serving(linear.folder, **variables) as server:
            target = f"127.0.0.1:{server.event('server.serving')['port']}"
            refuse(target, traceparent=TRACEPARENT)
            first = server.event("call.failed")
            refuse(target)
            second = server.event("call.failed")
            spans = collector.wait_for(2)
    assert {ids(first), ids(second)} == {
        (each.trace_id.hex(), each.span_id.hex()) for each in spans
    }
    assert first["trace_id"] == TRACE
    assert first["span_id"] != PARENT
    assert second["trace_id"] != TRACE


def test_the_proxy_and_its_server_name_the_same_trace(served: Served) -> None:
    server, target = served
    variables = {"GRPC_TARGET": target, "API_PORT": "0", "LOG_FORMAT": "json"}
    with started(["-m", "housing_grpc.rest"], **variables) as proxy:
        url = f"http://127.0.0.1:{proxy.event('rest.serving')['port']}/predict"
        headers = {"traceparent": TRACEPARENT}
        answer = httpx.post(url, json={"CHAS": 7}, headers=headers, timeout=SECONDS)
        assert answer.status_code == 400
        passed, asked = server.event("call.failed"), proxy.event("request.failed")
    assert ids(asked) == ids(passed) == (TRACE, PARENT)
    assert asked["request_id"] == passed["request_id"]
