"""`python -m housing_grpc`: how it stops."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1.model_pb2 import ModelInfoRequest
from housing.v1.prediction_pb2 import House, PredictBatchRequest, PredictRequest

from tests.support.client import SECONDS, Client, failure
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving, started

Connect = Callable[[int], Client]

# Some work: every row is imputed from its nearest neighbours.
SLOW = PredictBatchRequest(items=[House(rm=6)] * 1_000)

# A server whose predictions never end. Its own end may take long on a busy machine.
STUCK = """
import sys, time
from housing_grpc import process
from housing_grpc.services import prediction_service
predictions = prediction_service.PredictionServicer
predictions.Predict = predictions.PredictBatch = lambda *_: time.sleep(3600)
process.HARD_EXIT_SECONDS = 60
sys.exit(process.main())
"""

# As a script starts one with `&`: shells have such commands ignore SIGINT.
IN_THE_BACKGROUND = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, "-m", "housing_grpc"])
"""


@contextmanager
def stuck(linear: Example, **variables: str) -> Iterator[ServerProcess]:
    """Runs such a server, which gives calls no time to finish."""
    chosen = {
        "BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "DRAIN_SECONDS": "0",
        "GRACE_SECONDS": "0", "LOG_FORMAT": "json", "GRPC_VERBOSITY": "NONE", **variables,
    }  # fmt: skip
    with started(["-c", STUCK], **chosen) as process:
        yield process


def reach(process: ServerProcess, connect: Connect) -> Client:
    """Returns a client that is connected: while it is not, calls may overtake each other."""
    client = connect(process.event("server.serving")["port"])
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    return client


def in_flight(client: Client) -> Any:
    """Starts a call, and returns once the server has it: it has the one that came after."""
    call = client.predictions.PredictBatch.future(SLOW, timeout=SECONDS)
    client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    return call


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_calls_in_flight_finish(
    forest: Example, connect: Connect, number: signal.Signals
) -> None:
    with serving(forest.folder, DRAIN_SECONDS="0", GRACE_SECONDS="600") as process:
        client = reach(process, connect)
        calls = [in_flight(client) for _ in range(2)]
        process.signal(number)
        assert process.event("server.draining")["seconds"] == 0
        assert [len(call.result().results) for call in calls] == [1_000] * 2
        process.event("server.stopped")
        assert process.end() == (0, "", "")
        request = PredictRequest(house=House(rm=6))
        status = failure(lambda: client.predictions.Predict(request, timeout=SECONDS))
        assert status.code == grpc.StatusCode.UNAVAILABLE.value[0]


def test_an_interrupt_stops_what_a_script_has_started_in_the_background(linear: Example) -> None:
    variables = {"BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "LOG_FORMAT": "json"}
    with started(["-c", IN_THE_BACKGROUND], DRAIN_SECONDS="0", **variables) as process:
        process.event("server.serving")
        process.signal(signal.SIGINT)
        process.event("server.stopped")
        assert process.end()[0] == 0


def test_calls_that_take_too_long_are_ended(linear: Example, connect: Connect) -> None:
    with stuck(linear, GRPC_WORKERS="1") as process:
        client = reach(process, connect)
        # One has the worker, the others wait for it.
        calls = [in_flight(client) for _ in range(8)]
        process.signal(signal.SIGTERM)
        for call in calls:
            assert failure(call.result).code in (
                grpc.StatusCode.UNAVAILABLE.value[0],
                grpc.StatusCode.CANCELLED.value[0],
            )
        process.event("server.stopped")
        assert process.end()[0] == 0


def test_a_second_signal_ends_it_at_once(linear: Example) -> None:
    with serving(linear.folder, DRAIN_SECONDS="3600") as process:
        process.event("server.serving")
        process.signal(signal.SIGTERM)
        process.event("server.draining")
        process.signal(signal.SIGTERM)
        assert process.end() == (128 + signal.SIGTERM, "", "")


def test_a_signal_while_the_first_model_loads_ends_it_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as black_hole:
        uri = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        variables = {"GRPC_PORT": "0", "HOUSING_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": uri}
        with started(["-m", "housing_grpc"], **variables) as process:
            # The registry has been asked: the model is being loaded.
            connection, _ = black_hole.accept()
            process.signal(signal.SIGTERM)
            assert process.end() == (128 + signal.SIGTERM, "", "")
            connection.close()


def test_a_handler_that_is_stuck_does_not_keep_it_alive(linear: Example, connect: Connect) -> None:
    with stuck(linear) as process:
        client = reach(process, connect)
        call = client.predictions.Predict.future(PredictRequest(), timeout=SECONDS)
        client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
        process.signal(signal.SIGTERM)
        process.event("server.stopped")
        assert process.end()[0] == 0
        assert failure(call.result).code != grpc.StatusCode.OK.value[0]
