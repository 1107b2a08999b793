"""The standard health service, as probes and load balancers use it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc_health.v1 import health_pb2
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from housing_grpc.errors import StartError
from housing_grpc.scoring import Scorer
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.examples import Example
from tests.server.conftest import Serve
from tests.server.wire import SECONDS, Client, failure
from tests.support.health import NOT_SERVING, SERVING, UNKNOWN, check, watch

NAMES = ["", "housing.v1.PredictionService", "housing.v1.ModelService"]

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

    def held(*given: Any) -> tuple[bytes, int]:
        busy.set()
        assert go_on.wait(2 * SECONDS)
        return score(*given)

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


@pytest.mark.parametrize("method", ["Check", "List", "Watch"])
def test_bytes_that_are_no_request(serve: Serve, linear: Example, method: str) -> None:
    client = serve(linear.folder)
    ask: Any = client.channel.unary_stream(f"/grpc.health.v1.Health/{method}")
    with pytest.raises(grpc.RpcError) as raised:
        next(ask(b"\xff", timeout=SECONDS))
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert check(client).status == SERVING
