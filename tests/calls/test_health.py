"""The standard health service, as probes and load balancers use it."""

import resource
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest
from hyperframe.frame import SettingsFrame, WindowUpdateFrame

from housing_grpc.base.errors import StartError
from housing_grpc.calls.health import Health
from housing_grpc.server import HousingServer
from housing_grpc.services.scorer import Scorer
from housing_grpc.settings import Settings
from tests.http2.frames import Connection, data, message
from tests.support.client import SECONDS, Client, failure
from tests.support.errors import raised
from tests.support.examples import Example
from tests.support.health import NOT_SERVING, SERVING, UNKNOWN, check, stub, watch
from tests.support.processes import serving
from tests.support.serving import Serve

WATCH = "/grpc.health.v1.Health/Watch"
NAMES = [
    "",
    "housing.v1.PredictionService",
    "housing.v1.ModelService",
    "housing.v1.ExperimentService",
    "housing.v1.FeedbackService",
    "inference.GRPCInferenceService",
]

Connect = Callable[[int], Client]


def server_of(folder: Path, **settings: Any) -> HousingServer:
    chosen = {"grpc_port": 0, "drain_seconds": 0, "grace_seconds": 60, **settings}
    return HousingServer(Settings(bundle_dir=str(folder), **chosen))


@pytest.mark.parametrize("name", NAMES)
def test_every_service_and_the_whole_serve(client: Client, name: str) -> None:
    assert check(client, name) == health_pb2.HealthCheckResponse(status=SERVING)


def test_a_service_that_is_not_there(client: Client) -> None:
    assert failure(lambda: check(client, "housing.v2.PredictionService")) == Status(
        code=grpc.StatusCode.NOT_FOUND.value[0]
    )
    assert next(watch(client, "housing.v2.PredictionService")) == UNKNOWN


@pytest.mark.parametrize("name", NAMES)
def test_a_watcher_sees_the_whole_life(linear: Example, connect: Connect, name: str) -> None:
    server = server_of(linear.folder)
    states = watch(connect(server.port), name)
    try:
        # Before the model is there, the server is up: it is bound, and starts with the model.
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(next, states)
            server.start()
            seen = [first.result()]
        if seen == [NOT_SERVING]:
            seen.append(next(states))
        assert seen in ([NOT_SERVING, SERVING], [SERVING])
    finally:
        stopping = threading.Thread(target=server.stop)
        stopping.start()
    assert list(states) == [NOT_SERVING]
    stopping.join()


def test_a_server_without_a_model_never_says_that_it_serves(
    tmp_path: Path, connect: Connect
) -> None:
    server = server_of(tmp_path / "nothing")
    client = connect(server.port)
    with pytest.raises(StartError, match="no model to serve: nothing: is not a folder"):
        server.start()
    try:
        for name in NAMES:
            assert check(client, name) == health_pb2.HealthCheckResponse(status=NOT_SERVING)
    finally:
        server.close(grace_seconds=0)


def test_probes_are_answered_while_every_worker_is_busy(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, go_on = threading.Event(), threading.Event()
    score = Scorer.score_houses

    def held(*given: Any, **named: Any) -> tuple[bytes, int]:
        busy.set()
        assert go_on.wait(2 * SECONDS)
        return score(*given, **named)

    monkeypatch.setattr(Scorer, "score_houses", held)
    client = serve(linear.folder, grpc_workers=1, max_queue_seconds=3600)
    request = PredictBatchRequest(items=[House(rm=6)])
    calls = [client.predictions.PredictBatch.future(request, timeout=600) for _ in range(60)]
    assert busy.wait(SECONDS)
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    watchers = [watch(client) for _ in range(20)]
    assert [next(watcher) for watcher in watchers] == [SERVING] * 20
    assert check(client) == health_pb2.HealthCheckResponse(status=SERVING)
    assert not any(call.done() for call in calls)
    go_on.set()
    assert {call.result().model_version for call in calls} == {linear.version}


def test_watchers_do_not_keep_predictions_waiting(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, grpc_workers=1)
    watchers = [watch(client) for _ in range(20)]
    assert [next(watcher) for watcher in watchers] == [SERVING] * 20
    request = PredictRequest(house=House(rm=6))
    assert client.predictions.Predict(request, timeout=SECONDS).model_version == linear.version
    assert check(client) == health_pb2.HealthCheckResponse(status=SERVING)


def deaf_watchers(stack: ExitStack, port: int, count: int) -> Connection:
    """Opens watches of a caller that takes no answer, and returns its connection."""
    connection = stack.enter_context(Connection(port))
    connection.greet({SettingsFrame.INITIAL_WINDOW_SIZE: 0}).agree()
    for stream in range(1, 2 * count, 2):
        connection.send(connection.headers(stream, path=WATCH), data(stream, message(b"")))
    return connection


def test_watchers_that_take_no_answer_hold_up_nobody(
    linear: Example, connect: Connect, stack: ExitStack
) -> None:
    server = server_of(linear.folder, grace_seconds=600)
    server.start()
    deaf = deaf_watchers(stack, server.port, 50)
    client = connect(server.port)
    assert check(client).status == SERVING
    states = watch(client)
    assert next(states) == SERVING
    # Nor do they hold up a change of state, or the stop.
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    assert list(states) == [NOT_SERVING]
    deaf.reset()
    stopping.join(SECONDS)
    assert not stopping.is_alive()


def test_of_too_many_watchers_the_oldest_is_ended(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("housing_grpc.calls.health._MOST_WATCHES", 3)
    client = serve(linear.folder)
    watchers = []
    for _ in range(5):
        watchers.append(watch(client))
        assert next(watchers[-1]) == SERVING
    for each in watchers[:2]:
        assert failure(lambda: next(each)).code == grpc.StatusCode.CANCELLED.value[0]  # noqa: B023


def test_a_watcher_that_takes_answers_late_gets_the_latest_state(
    serve: Serve, linear: Example, monkeypatch: pytest.MonkeyPatch, stack: ExitStack
) -> None:
    made: list[Health] = []
    create = Health.__init__

    def kept(health: Health, *given: Any, **named: Any) -> None:
        create(health, *given, **named)
        made.append(health)

    monkeypatch.setattr(Health, "__init__", kept)
    client = serve(linear.folder)
    late = deaf_watchers(stack, int(client.address.rpartition(":")[2]), 1)
    assert check(client).status == SERVING
    for stuck in (True, False) * 50 + (True,):
        made[0].stuck(stuck)
    late.send(WindowUpdateFrame(1, window_increment=1000))
    told = message(health_pb2.HealthCheckResponse(status=SERVING).SerializeToString())
    latest = message(health_pb2.HealthCheckResponse(status=NOT_SERVING).SerializeToString())
    end = time.monotonic() + SECONDS
    while not late.heard.data.get(1, b"").endswith(latest):
        assert time.monotonic() < end, late.heard
        late.listen(seconds=0.05)
    # It may have come after the first changes.
    assert late.heard.data[1] in (told + latest, latest)


def test_names_that_no_service_has_are_not_kept(linear: Example, connect: Connect) -> None:
    with serving(linear.folder) as process:
        client = connect(process.event("server.serving")["port"])
        memory = Path(f"/proc/{process.popen.pid}/statm")
        check(client)
        before = int(memory.read_text().split()[1])
        for number in range(60):
            states = stub(client).Watch(
                health_pb2.HealthCheckRequest(service=f"{number}" + "x" * 3 * 2**20),
                timeout=SECONDS,
            )
            assert next(states).status == UNKNOWN
            states.cancel()
        grown = (int(memory.read_text().split()[1]) - before) * resource.getpagesize()
        assert grown < 90 * 2**20


@pytest.mark.parametrize("method", ["Check", "List", "Watch"])
def test_bytes_that_are_no_request(serve: Serve, linear: Example, method: str) -> None:
    client = serve(linear.folder)
    ask: Any = client.channel.unary_stream(f"/grpc.health.v1.Health/{method}")
    error = raised(grpc.RpcError, next, ask(b"\xff", timeout=SECONDS))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert check(client).status == SERVING
