"""What a scrape of a running server shows."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import httpx
import pytest
from housing.v1.prediction_pb2 import (
    PredictBatchRequest,
    PredictRequest,
    PredictStreamRequest,
)

from housing_grpc.metrics.catalogue import DOCUMENTED
from tests.metrics.conftest import PREDICTIONS, Measure, Measured, Samples
from tests.metrics.test_live_quality import priced, sold
from tests.support.client import SECONDS, ask, failed, house
from tests.support.examples import EVALUATOR, Example

HOUSE = [0.006, 18, 2.31, 0, 0.538, 6.575, 65.2, 4.09, 1, 296, 15.3, 396.9, 4.98]
# Labels come in the order of their names: grpc_code first, then grpc_method.
PREDICT = ("Predict", PREDICTIONS, "unary")
STREAM = ("PredictStream", PREDICTIONS, "bidi_stream")


@pytest.fixture
def server(measure: Measure, linear: Example) -> Measured:
    return measure(linear.folder, api_key="k" * 32)


KEY = (("x-api-key", "k" * 32),)


def wait_for(server: Measured, reached: Callable[[Samples], bool]) -> Samples:
    """Scrapes until it is so: a call is counted just after its answer is sent."""
    until = time.monotonic() + SECONDS
    while not reached(found := server.samples()):
        assert time.monotonic() < until, found
    return found


CHALLENGERS = ("housing_challenger_", "housing_shadow_")


def handled(server: Measured, method: tuple[str, ...], code: str, times: int = 1) -> Samples:
    """Scrapes until calls have ended with a code."""
    return wait_for(
        server, lambda found: found["grpc_server_handled_total", (code, *method)] == times
    )


def test_every_documented_name_is_there_and_no_other(
    measure: Measure, honest: Example, tmp_path: Path
) -> None:
    store = f"sqlite:///{tmp_path / 'feedback.db'}"
    server, version = measure(honest.folder, feedback_url=store), (honest.version,)
    for _ in range(500):
        server.client.predictions.Predict(ask(HOUSE), timeout=SECONDS)
    handled(server, PREDICT, "OK", 500)
    sold(server.client, priced(server.client, 60), 1.0)
    wait_for(server, lambda found: ("housing_live_skill", version) in found)
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", httpx.get(server.url).text, re.MULTILINE))
    hidden = {
        # Without TLS there is no certificate.
        "housing_tls_certificate_expiry_timestamp_seconds",
    }
    # A server of a folder has no challenger.
    hidden |= {each.name for each in DOCUMENTED if each.name.startswith(CHALLENGERS)}
    assert types == {each.name: each.kind for each in DOCUMENTED if each.name not in hidden}


def test_everything_is_zero_before_the_first_call(server: Measured) -> None:
    found = server.samples()
    assert [v for (name, _), v in found.items() if name.startswith("grpc_server_")] == [0] * 414
    assert found["grpc_server_handled_total", ("ResourceExhausted", *STREAM)] == 0
    assert found["prediction_requests_total", ("PredictBatch", "error")] == 0
    assert found["housing_model_reloads_total", ("SELF_TEST",)] == 0
    assert found["housing_rows_rejected_total", ("FEATURE_DOMAIN",)] == 0
    assert found["out_of_range_features_total", ("LSTAT",)] == 0


def test_calls_are_counted_by_method_and_code(server: Measured) -> None:
    stub = server.client.predictions
    for _ in range(3):
        stub.Predict(ask(HOUSE), timeout=SECONDS, metadata=KEY)
    failed(lambda: stub.Predict(PredictRequest(), timeout=SECONDS, metadata=KEY))
    items = [house(HOUSE)]
    stub.PredictBatch(PredictBatchRequest(items=items), timeout=SECONDS, metadata=KEY)
    found = handled(server, PREDICT, "InvalidArgument")
    assert found["grpc_server_started_total", PREDICT] == 4
    assert found["grpc_server_handled_total", ("OK", *PREDICT)] == 3
    assert found["grpc_server_msg_received_total", PREDICT] == 4
    assert found["grpc_server_msg_sent_total", PREDICT] == 3
    assert found["grpc_server_handling_seconds_count", PREDICT] == 4
    assert 0 < found["grpc_server_handling_seconds_sum", PREDICT] < SECONDS
    assert found["prediction_requests_total", ("Predict", "ok")] == 3
    assert found["prediction_requests_total", ("Predict", "error")] == 1
    assert found["prediction_latency_seconds_count", ("Predict",)] == 4
    assert found["prediction_requests_total", ("PredictBatch", "ok")] == 1
    assert found["housing_calls_in_flight", ()] == 0


def test_a_call_that_is_refused_at_the_door_is_counted(server: Measured) -> None:
    failed(lambda: server.client.predictions.Predict(ask(HOUSE), timeout=SECONDS))
    found = handled(server, PREDICT, "Unauthenticated")
    assert found["grpc_server_started_total", PREDICT] == 1
    assert found["housing_calls_in_flight", ()] == 0


def test_a_stream_is_counted_while_it_runs_and_when_it_is_cancelled(server: Measured) -> None:
    more = threading.Event()

    def chunks() -> Iterator[PredictStreamRequest]:
        request = PredictStreamRequest()
        request.rows.items.append(house(HOUSE))
        yield request
        yield request
        more.wait(SECONDS)

    call = server.client.predictions.PredictStream(chunks(), timeout=SECONDS, metadata=KEY)
    next(call)
    next(call)
    found = server.samples()
    assert found["housing_calls_in_flight", ()] == 1
    assert found["grpc_server_started_total", STREAM] == 1
    assert found["grpc_server_handling_seconds_count", STREAM] == 0
    call.cancel()
    found = handled(server, STREAM, "Canceled")
    more.set()
    assert found["grpc_server_msg_received_total", STREAM] == 2
    # The server counts an answer when it goes on after it, which may be after the end.
    assert found["grpc_server_msg_sent_total", STREAM] in (1, 2)
    assert found["prediction_requests_total", ("PredictStream", "error")] == 1
    assert found["housing_calls_in_flight", ()] == 0


def test_the_messages_of_a_stream_are_counted(server: Measured) -> None:
    request = PredictStreamRequest()
    request.rows.items.append(house(HOUSE))
    chunks = iter([request] * 2)
    call = server.client.predictions.PredictStream(chunks, timeout=SECONDS, metadata=KEY)
    # The summary, too, is an answer.
    assert len(list(call)) == 3
    found = handled(server, STREAM, "OK")
    assert found["grpc_server_msg_received_total", STREAM] == 2
    assert found["grpc_server_msg_sent_total", STREAM] == 3


def test_a_deadline_that_passes_is_counted(server: Measured) -> None:
    call: grpc.StreamUnaryMultiCallable[bytes, bytes] = server.client.channel.stream_unary(
        f"/{PREDICTIONS}/Predict"
    )
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(SECONDS)
        yield from ()

    # A call whose deadline passes before it has left is no call of the server's.
    grpc.channel_ready_future(server.client.channel).result(timeout=SECONDS)
    error = failed(lambda: call(nothing(), timeout=3, metadata=KEY))
    never.set()
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    name = "grpc_server_handling_seconds_count"
    found = wait_for(server, lambda found: found[name, PREDICT] == 1)
    assert found["grpc_server_handled_total", ("OK", *PREDICT)] == 0
    assert found["prediction_requests_total", ("Predict", "error")] == 1


def test_the_live_model_is_told(server: Measured, linear: Example) -> None:
    found = server.samples()
    labels = (
        linear.digest,
        EVALUATOR,
        "linear",
        "housing-price-model",
        "v1_median",
        linear.version,
    )
    assert found["housing_model_info", labels] == 1
    assert found["housing_model_generation", ()] == 1
    assert found["housing_model_stale", ()] == 0
    assert found["housing_grpcio_fallback", ()] == 0
