"""How several processes start and stop as one."""

import os
import re
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest

from clients.python import HousingClient
from housing_grpc.base.errors import EXIT_MODEL, EXIT_SETTINGS
from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.processes import alive, ended, started
from tests.support.waiting import until
from tests.workers.conftest import Start

# Some tenths of a second of work: every row is imputed from its nearest neighbours.
SLOW = PredictBatchRequest(items=[House(rm=6)] * 1_000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_calls_of_all_workers_finish(
    start: Start, forest: Example, number: signal.Signals
) -> None:
    fleet = start(forest.folder, GRACE_SECONDS="600")
    workers, calls = fleet.pids(), []
    for held in fleet.placed(2).values():
        for client in held:
            calls.append(client.predictions.PredictBatch.future(SLOW, timeout=SECONDS))
            client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    fleet.process.signal(number)
    assert [len(call.result().results) for call in calls] == [1_000] * 4
    fleet.process.event("server.stopped")
    assert fleet.process.end() == (0, "", "")
    assert not any(map(alive, workers))
    drained = [line for line in fleet.process.lines if '"server.draining"' in line]
    assert len(drained) == 1 + len(workers)


def test_ctrl_c_in_a_terminal_reaches_the_supervisor_alone(start: Start, linear: Example) -> None:
    fleet = start(linear.folder)
    for pid in fleet.pids():
        assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[2] == str(pid)


def test_a_second_signal_ends_all_at_once(start: Start, linear: Example) -> None:
    fleet = start(linear.folder, DRAIN_SECONDS="3600")
    workers = fleet.pids()
    fleet.process.signal(signal.SIGTERM)
    fleet.process.event("server.draining")
    fleet.process.signal(signal.SIGTERM)
    assert fleet.process.end()[0] == 128 + signal.SIGTERM
    until(lambda: not any(map(alive, workers)))


def test_a_client_notices_nothing_when_an_operator_stops_workers(
    start: Start, linear: Example
) -> None:
    fleet, stopped = start(linear.folder), threading.Event()

    def ask_on() -> int:
        answered = 0
        with HousingClient(f"127.0.0.1:{fleet.port}") as client:
            while not stopped.is_set():
                assert client.predict(RM=6, timeout=SECONDS).price > 0
                answered += 1
        return answered

    with ThreadPoolExecutor(8) as callers:
        answers = [callers.submit(ask_on) for _ in range(8)]
        for _ in range(3):
            os.kill(fleet.pids()[0], signal.SIGTERM)
            assert fleet.process.event("worker.ended")["exit_code"] == 0
            until(lambda: len(fleet.listening()) == 2)
        stopped.set()
        assert all(each.result(SECONDS) for each in answers)


def test_a_worker_that_is_stuck_costs_the_grace_and_the_exit_code(
    start: Start, linear: Example
) -> None:
    fleet = start(linear.folder, GRACE_SECONDS="0")
    workers = fleet.pids()
    os.kill(workers[0], signal.SIGSTOP)
    fleet.process.signal(signal.SIGTERM)
    assert fleet.process.end()[0] == 1
    until(lambda: not any(map(alive, workers)))


def test_a_worker_that_waits_for_its_restart_does_not_spoil_the_stop(
    start: Start, linear: Example
) -> None:
    fleet = start(linear.folder)
    pause = 0.0
    while pause < 3:
        until(lambda: len(fleet.listening()) == 2)
        os.kill(fleet.pid_of(2), signal.SIGKILL)
        pause = fleet.process.event("worker.ended")["restart_seconds"]
    fleet.process.signal(signal.SIGTERM)
    assert fleet.process.end()[0] == 0


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"BUNDLE_DIR": "/nothing"}, EXIT_MODEL),
        ({"BUNDLE_DIR": "/nothing", "API_KEYS_FILE": "/no-keys"}, EXIT_SETTINGS),
        ({"BUNDLE_DIR": "/nothing", "BUNDLE_PUBLIC_KEY_FILE": "/no-keys"}, EXIT_SETTINGS),
        ({"OTEL_TRACES_EXPORTER": "smoke-signals"}, EXIT_SETTINGS),
        ({"TLS_CERT_FILE": "/no.pem", "TLS_KEY_FILE": "/no.key"}, EXIT_SETTINGS),
        ({"METRICS_HOST": "192.0.2.1"}, 3),
    ],
)
def test_what_keeps_one_process_from_starting_keeps_several(
    linear: Example, variables: dict[str, str], code: int
) -> None:
    chosen = {"BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "LOG_LEVEL": "error", **variables}
    alone, together = ended(**chosen), ended(WORKERS="2", **chosen)
    assert alone == together
    assert alone[0] == code


def test_a_signal_while_the_first_model_loads_ends_all_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        uri = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        variables = {"GRPC_PORT": "0", "HOUSING_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": uri}
        with started(["-m", "housing_grpc"], WORKERS="2", **variables) as process:
            connection, _ = black_hole.accept()
            process.signal(signal.SIGTERM)
            assert process.end()[0] == 128 + signal.SIGTERM
            connection.close()


def test_a_wrong_number_of_workers() -> None:
    code, _, err = ended(WORKERS="some")
    assert code == EXIT_SETTINGS
    assert re.match("error: WORKERS='some': ", err)
