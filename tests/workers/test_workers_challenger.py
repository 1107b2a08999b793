"""A challenger in several processes: all compare it, or none, and their shadows are added up."""

import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from tests.challenger.conftest import compared, experiment
from tests.support import registered
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.processes import started
from tests.support.registered import Registered
from tests.support.waiting import until
from tests.workers.conftest import Fleet, end

VARIANT = (("x-model-variant", "challenger"),)


@pytest.fixture
def versions(tmp_path: Path, linear: Example, forest: Example) -> Registered:
    """A registered model: version 1 is promoted, 2 is compared."""
    made = registered.in_file(tmp_path / "registered")
    for example in (linear, forest):
        made.add(example)
    made.promote("1")
    made.challenge("2")
    return made


@pytest.fixture
def fleet(versions: Registered, stack: ExitStack, tmp_path: Path) -> Fleet:
    """A server of two workers that follows it."""
    process = stack.enter_context(
        started(
            ["-m", "housing_grpc"],
            MLFLOW_TRACKING_URI=versions.uri, HOUSING_HOME=str(tmp_path), MODEL_POLL_SECONDS="1",
            WORKERS="2", DRAIN_SECONDS="0", GRPC_PORT="0", LOG_FORMAT="json",
        )
    )  # fmt: skip
    stack.callback(end, process)
    return Fleet(process, stack)


def ask(client: Client) -> str:
    """Asks the challenger, or the live model where there is none."""
    asked = PredictRequest(house=House(rm=6.5))
    answer = client.predictions.Predict(asked, timeout=SECONDS, metadata=VARIANT)
    return answer.model_version


def test_all_workers_compare_the_challenger_also_one_that_came_later(
    fleet: Fleet, versions: Registered
) -> None:
    clients = [each for held in fleet.placed(1).values() for each in held]
    for client in clients:
        compared(client, "2")
        assert ask(client) == "2"
        items = [House(rm=5 + number / 50) for number in range(100)]
        client.predictions.PredictBatch(PredictBatchRequest(items=items), timeout=SECONDS)
    # 100 houses of each; those that the challenger has answered are not compared.
    for client in clients:
        until(lambda client=client: experiment(client).shadow_rows.scored == 200)  # type: ignore[misc]
    pair = (("challenger", "2"), ("champion", "1"), ("result", "scored"))
    assert fleet.metrics()["housing_shadow_rows_total", pair] == 200
    old = fleet.pid_of(1)
    os.kill(old, signal.SIGKILL)
    until(lambda: len(fleet.listening()) == 2 and old not in fleet.listening())
    for held in fleet.placed(1).values():
        assert ask(held[0]) == "2"
    # What the one that is gone had counted still counts.
    assert experiment(fleet.client()).shadow_rows.scored == 200
    versions.challenge("2", share="1")
    for held in fleet.placed(1).values():
        until(lambda client=held[0]: experiment(client).share == 1)  # type: ignore[misc]
    versions.promote("2")
    for held in fleet.placed(1).values():
        until(lambda client=held[0]: bool(experiment(client).fault))  # type: ignore[misc]
        assert experiment(held[0]).champion_version == "2"
