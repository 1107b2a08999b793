"""Several processes behind one port: to a caller, one server."""

import json
import socket
import time
from collections import Counter
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.base import processors
from housing_grpc.base.errors import EXIT_PORT
from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import started
from tests.support.waiting import until
from tests.workers.conftest import Fleet, Start, sockets

ASK = PredictRequest(house=House(rm=6))


def test_calls_go_to_all_workers_and_all_tell_the_same(start: Start, linear: Example) -> None:
    fleet = start(linear.folder, WORKERS="3")
    placed = fleet.placed(2)
    assert len(placed) == 3
    clients = [client for held in placed.values() for client in held]
    prices = {c.predictions.Predict(ASK, timeout=SECONDS).prediction for c in clients}
    assert len(prices) == 1
    told = {
        c.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).SerializeToString(
            deterministic=True
        )
        for c in clients
    }
    assert len(told) == 1
    for client in clients:
        answer = health_pb2_grpc.HealthStub(client.channel).Check(  # type: ignore[attr-defined]
            health_pb2.HealthCheckRequest(), timeout=SECONDS
        )
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_supervisor_serves_nobody(start: Start, linear: Example) -> None:
    fleet = start(linear.folder)
    fleet.placed(1)
    assert sockets(fleet.process.popen.pid, fleet.port, "0A") == set()
    assert fleet.peers(fleet.process.popen.pid) == set()


def test_the_metrics_are_those_of_all(start: Start, linear: Example) -> None:
    fleet = start(linear.folder)
    for number, (client,) in enumerate(fleet.placed(1).values(), 1):
        for _ in range(number * 10):
            client.predictions.Predict(ASK, timeout=SECONDS)
    counted = "prediction_requests_total", (("method", "Predict"), ("status", "ok"))
    found = {}

    def all_there() -> bool:
        # A worker that does not answer in time is left out.
        found.update(fleet.metrics())
        return found.get(counted) == 30

    until(all_there)
    assert found["prediction_values_count", ()] == 30
    assert sum(name == "housing_model_info" for name, _ in found) == 1
    assert found["housing_model_generation", ()] == 1


def test_lines_of_the_log_carry_the_number_of_their_worker(start: Start, linear: Example) -> None:
    fleet = start(linear.folder, API_KEY="k")
    for held in fleet.placed(1).values():
        call = held[0].predictions.Predict.future(ASK, timeout=SECONDS)
        assert call.exception() is not None
    seen = Counter(fleet.process.event("call.failed")["worker"] for _ in range(2))
    assert seen == {1: 1, 2: 1}
    assert not any("worker" in json.loads(line) for line in fleet.process.lines[:2])


def test_a_port_for_probes_is_shared_too(start: Start, linear: Example) -> None:
    port = free_port()
    fleet = start(linear.folder, HEALTH_PORT=str(port))
    assert all(sockets(pid, port, "0A") for pid in fleet.pids())


def refused(**variables: str) -> tuple[int, str, float]:
    began = time.monotonic()
    with started(["-m", "housing_grpc"], **variables) as process:
        code, _, err = process.end()
    return code, err.splitlines()[-1], time.monotonic() - began


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("setting", ["GRPC_PORT", "HEALTH_PORT"])
def test_nobody_joins_the_port_of_a_fleet(
    start: Start, linear: Example, workers: str, setting: str
) -> None:
    fleet = start(linear.folder)
    chosen = {"BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", setting: str(fleet.port)}
    code, line, _ = refused(WORKERS=workers, **chosen)
    assert code == EXIT_PORT
    assert f"cannot listen on 127.0.0.1:{fleet.port}: the port is taken" in line


def listener(*, shared: bool) -> socket.socket:
    """Listens as servers do: some let others join."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::"])
def test_a_fleet_does_not_join_a_stranger(linear: Example, host: str, shared: bool) -> None:
    with listener(shared=shared) as stranger:
        code, line, _ = refused(
            WORKERS="2", GRPC_HOST=host, GRPC_PORT=str(stranger.getsockname()[1]),
            BUNDLE_DIR=str(linear.folder), ALLOW_UNAUTHENTICATED="true",
        )  # fmt: skip
    assert code == EXIT_PORT
    assert line.startswith(f"error: cannot listen on {host}:")


@pytest.mark.parametrize("host", ["localhost", "::1", "0.0.0.0", "::"])
def test_the_ways_to_write_an_address(start: Start, linear: Example, host: str) -> None:
    if ":" in host and not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    fleet = start(linear.folder, GRPC_HOST=host, ALLOW_UNAUTHENTICATED="true")
    assert len(fleet.listening()) == 2


def test_a_port_is_free_again_when_the_fleet_has_ended(start: Start, linear: Example) -> None:
    first = start(linear.folder)
    client = first.client()
    client.predictions.Predict(ASK, timeout=SECONDS)
    first.process.popen.terminate()
    assert first.process.end()[0] == 0
    again = start(linear.folder, GRPC_PORT=str(first.port))
    assert again.port == first.port
    assert serves(again)


def serves(fleet: Fleet) -> bool:
    answer = fleet.client().predictions.Predict(ASK, timeout=SECONDS)
    return bool(answer.prediction > 0)


def test_auto_is_one_worker_a_processor(start: Start, linear: Example) -> None:
    fleet = start(linear.folder, WORKERS="auto")
    assert serves(fleet)
    wanted = processors.usable()
    assert len(fleet.pids()) == (wanted if wanted > 1 else 0)


def test_a_worker_inherits_no_secret(start: Start, linear: Example) -> None:
    given = {
        "API_KEY": "the-key-of-the-server", "MLFLOW_TRACKING_TOKEN": "token",
        "AWS_SECRET_ACCESS_KEY": "secret", "TLS_KEY_FILE": "", "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    fleet = start(linear.folder, **given)
    for worker in fleet.pids():
        entries = Path("/proc", str(worker), "environ").read_bytes().split(b"\0")
        names = {entry.partition(b"=")[0].decode() for entry in entries}
        assert names & {*given} == {"LC_ALL"}
