"""Spans reach a collector that speaks OTLP, and nothing is loaded when nobody wants them."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import Queue

import pytest
from housing.v1.prediction_pb2 import PredictRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from housing_grpc.base.errors import EXIT_SETTINGS, StartError
from housing_grpc.metrics import tracing
from housing_grpc.metrics.tracing import Tracing
from tests.metrics.conftest import PREDICTIONS, Measure
from tests.metrics.otlp import Collector
from tests.support.client import SECONDS, ask, failed
from tests.support.examples import Example
from tests.support.processes import started

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"

Trace = Callable[..., Tracing | None]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture
def trace(collector: Collector, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> Trace:
    """Sets variables, and starts what they ask for: `trace(OTEL_...=value)`."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

    def start(**variables: str) -> Tracing | None:
        settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **variables}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        made = tracing.from_environment(settings)
        if made is not None:
            stack.callback(made.close, SECONDS)
        return made

    return start


def attributes(span: Span) -> dict[str, object]:
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


def test_a_call_is_a_span_below_that_of_its_caller(
    trace: Trace, collector: Collector, measure: Measure, linear: Example
) -> None:
    made = trace()
    assert made is not None
    stub = measure(linear.folder, made).client.predictions
    metadata = (("traceparent", TRACEPARENT), ("x-other-bin", b"\x00"))
    stub.Predict(ask([6.0] * 3 + [1.0] + [6.0] * 9), timeout=SECONDS, metadata=metadata)
    made.close(SECONDS)
    (span,) = collector.wait_for(1)
    assert span.name == f"{PREDICTIONS}/Predict"
    assert span.kind == Span.SPAN_KIND_SERVER
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    assert attributes(span) == {
        "rpc.system": "grpc",
        "rpc.service": PREDICTIONS,
        "rpc.method": "Predict",
        "rpc.grpc.status_code": "",
        "housing.model.version": linear.version,
    }
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert span.start_time_unix_nano < span.end_time_unix_nano
    (resource,) = collector.resources()
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert names["service.name"] == "housing-grpc"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("baggage", "a,secret"),
        ("baggage", "x," * 1000),
        ("traceparent", f"00-{'f' * 4000}"),
        ("tracestate", ",".join(f"a{place}=b" for place in range(40))),
        ("tracestate", "no state"),
        ("tracestate", "a=b" * 500),
    ],
)
def test_nothing_is_logged_of_what_a_caller_sends(
    trace: Trace, caplog: pytest.LogCaptureFixture, name: str, value: str
) -> None:
    made = trace()
    assert made is not None
    given = {"traceparent": TRACEPARENT, name: value}
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        made.end(made.start("a.Service", "Method", given.items()), 0, "1")
    made.close(SECONDS)
    assert [each.name for each in caplog.records if ".exporter" not in each.name] == []


def test_a_refusal_tells_its_code_and_is_no_fault_of_the_server(
    trace: Trace, collector: Collector, measure: Measure, linear: Example
) -> None:
    made = trace(OTEL_EXPORTER_OTLP_COMPRESSION="gzip", OTEL_SERVICE_NAME="prices")
    assert made is not None
    stub = measure(linear.folder, made).client.predictions
    failed(lambda: stub.Predict(PredictRequest(), timeout=SECONDS))
    made.close(SECONDS)
    (span,) = collector.wait_for(1)
    assert attributes(span)["rpc.grpc.status_code"] == 3
    assert span.status.code == Status.STATUS_CODE_UNSET
    assert span.parent_span_id == b""
    (resource,) = collector.resources()
    names = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert names["service.name"] == "prices"


def test_a_fault_of_the_server_is_one_of_the_span(trace: Trace, collector: Collector) -> None:
    made = trace()
    assert made is not None
    for code in (13, 14, 16):
        made.end(made.start("a.Service", "Method", ()), code, "1")
    made.close(SECONDS)
    found = {attributes(each)["rpc.grpc.status_code"]: each for each in collector.wait_for(3)}
    error, unset = Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET
    assert {code: each.status.code for code, each in found.items()} == {
        13: error, 14: error, 16: unset,
    }  # fmt: skip


def test_the_sampler_is_the_one_that_the_variables_name(trace: Trace, collector: Collector) -> None:
    made = trace(OTEL_TRACES_SAMPLER="parentbased_always_off")
    assert made is not None
    made.end(made.start("a.Service", "Unsampled", ()), 0, "1")
    made.end(made.start("a.Service", "Sampled", (("traceparent", TRACEPARENT),)), 0, "1")
    made.close(SECONDS)
    assert [each.name for each in collector.wait_for(1)] == ["a.Service/Sampled"]


def test_an_answer_without_end_is_not_held(
    trace: Trace, measure: Measure, linear: Example, stack: ExitStack
) -> None:
    whole: Queue[bool] = Queue()

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n")
            try:
                for _ in range(64):
                    connection.sendall(bytes(2**20))
            except OSError:
                whole.put(False)
            else:
                whole.put(True)

    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    threading.Thread(target=answer, args=(listener,), daemon=True).start()
    made = trace(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert made is not None
    stub = measure(linear.folder, made).client.predictions
    stub.Predict(ask([6.0] * 3 + [1.0] + [6.0] * 9), timeout=SECONDS)
    made.close(SECONDS)
    assert not whole.get(timeout=SECONDS)


def test_a_collector_that_is_away_does_not_hold_up_the_end(trace: Trace) -> None:
    away = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TIMEOUT": "2"}
    made = trace(**away)
    assert made is not None
    made.end(made.start("a.Service", "Method", ()), 0, "1")
    began = time.monotonic()
    made.close(0.2)
    assert time.monotonic() - began < 30


OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {OTLP: "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
        {OTLP: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
        {OTLP: ""},
    ],
)
def test_nobody_wants_spans(variables: dict[str, str]) -> None:
    assert tracing.from_environment(variables) is None


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'"),
        (
            {OTLP: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "OTEL_EXPORTER_OTLP_PROTOCOL is 'http/json'; must be http/protobuf or grpc",
        ),
        (
            {OTLP: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            "pip install opentelemetry-exporter-otlp-proto-grpc",
        ),
        ({OTLP: "localhost:4318"}, f"^{OTLP} is no address of a collector; write http://"),
        ({OTLP: "http://:4318"}, "is no address"),
        ({OTLP: "http://localhost:many"}, "is no address"),
        ({OTLP: "ftp://localhost:4318"}, "is no address"),
    ],
)
def test_what_cannot_be_had_is_told_at_the_start(variables: dict[str, str], text: str) -> None:
    with pytest.raises(StartError, match=text) as caught:
        tracing.from_environment(variables)
    assert caught.value.exit_code == EXIT_SETTINGS


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "-1", "max_queue_size"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "many", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
        ("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "nobody", "nobody"),
    ],
)
def test_a_variable_that_the_library_cannot_use_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=f"OpenTelemetry's cannot be used: .*{text}") as caught:
        tracing.from_environment({OTLP: "http://127.0.0.1:1", name: value})
    assert caught.value.exit_code == EXIT_SETTINGS


def test_nothing_is_loaded_when_nobody_wants_spans() -> None:
    script = (
        "import sys\n"
        "from housing_grpc.metrics import tracing\n"
        "assert tracing.from_environment({}) is None\n"
        "print(sorted(name for name in sys.modules if 'opentelemetry' in name))\n"
    )
    with started(["-c", script]) as process:
        assert process.end() == (0, "[]\n", "")


def test_what_opentelemetry_says_comes_as_a_line_of_our_log() -> None:
    script = (
        "import logging\n"
        "from housing_grpc.base import log\n"
        "from housing_grpc.metrics import tracing\n"
        "log.configure('info', 'json')\n"
        "made = tracing.from_environment({'OTEL_TRACES_EXPORTER': 'console'})\n"
        "logging.getLogger('opentelemetry.exporter').warning('the collector is away')\n"
        "made.close(30)\n"
    )
    with started(["-c", script]) as process:
        code, out, err = process.end()
    assert (code, out) == (0, "")
    line = json.loads(err)
    assert (line["level"], line["event"]) == ("warning", "the collector is away")
