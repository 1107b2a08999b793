"""The way back to the previous model: all workers take it, or none."""

import os
import signal
from pathlib import Path

import grpc
from housing.v1.model_pb2 import ModelInfoRequest, RollbackModelRequest

from tests.support import faulty_models
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.faulty_models import BAD
from tests.support.processes import alive
from tests.support.reloads import reload_after
from tests.support.waiting import until
from tests.workers.conftest import Fleet, Start, put
from tests.workers.test_workers_reload import reload, version


def break_down(client: Client) -> None:
    status = failure(lambda: client.predictions.Predict(BAD, timeout=SECONDS))
    assert reason_of(status) == "MODEL_OUTPUT_INVALID"


def rolled_back_from(clients: list[Client]) -> set[str]:
    answers = (each.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS) for each in clients)
    return {each.rolled_back_from for each in answers}


def clients_of(fleet: Fleet) -> list[Client]:
    return [client for held in fleet.placed(1).values() for client in held]


def test_a_rollback_through_any_worker_changes_all(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    clients = clients_of(fleet)
    for client in clients:
        put(forest, folder)
        reload(client)
        assert {version(each) for each in clients} == {forest.version}
        put(linear, folder)
        found = client.models.RollbackModel(RollbackModelRequest(), timeout=SECONDS)
        assert (found.previous_version, found.version) == (forest.version, linear.version)
        assert {version(each) for each in clients} == {linear.version}
        assert rolled_back_from(clients) == {forest.version}
    status = failure(lambda: clients[0].models.RollbackModel(RollbackModelRequest()))
    assert reason_of(status) == "NO_PREVIOUS_MODEL"
    assert fleet.metrics()["housing_model_rollbacks_total", (("cause", "request"),)] == 2


def test_faults_of_all_workers_together_bring_all_back(
    start: Start, folder: Path, tmp_path: Path, linear: Example
) -> None:
    fleet = start(folder)
    clients = clients_of(fleet)
    faulty = faulty_models.write(linear, tmp_path / "faulty")
    put(faulty, folder)
    reload(clients[0])
    break_down(clients[0])
    break_down(clients[1])
    assert {version(each) for each in clients} == {faulty.version}
    break_down(clients[0])
    for client in clients:
        until(lambda client=client: version(client) == linear.version)  # type: ignore[misc]
    assert rolled_back_from(clients) == {faulty.version}
    assert fleet.metrics()["housing_model_rollbacks_total", (("cause", "automatic"),)] == 1


def test_a_worker_that_joined_meanwhile_goes_back_as_well(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    put(forest, folder)
    reload(fleet.client())
    killed = fleet.pid_of(2)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not alive(killed) and len(fleet.listening()) == 2)
    clients = clients_of(fleet)
    assert {version(each) for each in clients} == {forest.version}
    clients[0].models.RollbackModel(RollbackModelRequest(), timeout=SECONDS)
    assert {version(each) for each in clients} == {linear.version}


def test_the_previous_model_goes_when_its_time_is_up(
    start: Start, folder: Path, forest: Example
) -> None:
    fleet = start(folder, PROBATION_SECONDS="0.01")
    put(forest, folder)
    clients = clients_of(fleet)
    reload(clients[0])

    def refused() -> bool:
        try:
            clients[0].models.RollbackModel(RollbackModelRequest(), timeout=SECONDS)
        except grpc.RpcError as error:
            return "PROBATION_SECONDS" in str(error)
        # The call was faster than the clock.
        reload_after(clients[0])
        return False

    until(refused)
