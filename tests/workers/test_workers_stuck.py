"""A worker process whose model spins is replaced."""

import signal
from contextlib import ExitStack

import pytest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.support.client import SECONDS
from tests.support.examples import Example
from tests.support.processes import started
from tests.support.waiting import until
from tests.workers.conftest import Fleet, end
from tests.workers.spinning import SPINS_AT

STUCK = "housing_stuck_evaluations_total", ()


@pytest.fixture
def fleet(linear: Example, stack: ExitStack) -> Fleet:
    chosen = {
        "BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "LOG_FORMAT": "json",
        "WORKERS": "2", "MAX_CALL_SECONDS": "1", "DRAIN_SECONDS": "0",
        "GRACE_SECONDS": "0",
    }  # fmt: skip
    process = stack.enter_context(started(["-m", "tests.workers.spinning"], **chosen))
    stack.callback(end, process)
    return Fleet(process, stack)


def test_a_worker_whose_model_spins_is_replaced(fleet: Fleet) -> None:
    placed = fleet.placed(1)
    victim, survivor = placed
    number = next(n for n in (1, 2) if fleet.pid_of(n) == victim)
    call = placed[victim][0].predictions.Predict.future(
        PredictRequest(house=House(rm=SPINS_AT)), timeout=600
    )
    assert fleet.process.event("model.stuck")["worker"] == number
    ended = fleet.process.event("worker.ended")
    assert (ended["worker"], ended["exit_code"]) == (number, 0)
    assert call.code().name in {"UNAVAILABLE", "CANCELLED"}
    until(lambda: len(fleet.listening()) == 2)
    assert victim not in fleet.pids()
    # The other one has gone on, and nothing that was counted is lost.
    assert survivor in fleet.pids()
    house = PredictRequest(house=House(rm=6))
    assert placed[survivor][0].predictions.Predict(house, timeout=SECONDS).prediction > 0
    until(lambda: fleet.metrics()[STUCK] == 1)
    fleet.process.signal(signal.SIGTERM)
    assert fleet.process.end()[0] == 0
