"""What a challenger costs callers: Predict with all houses in its shadow, and without one.

Both servers serve the same version of one registry; the second looks into a copy of it, in which a
forest challenges. Rounds alternate; the figures are the medians of the rounds' ratios.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import grpc
from housing.v1.experiment_pb2 import GetExperimentRequest, GetExperimentResponse
from housing.v1.experiment_pb2_grpc import ExperimentServiceStub
from housing.v1.prediction_pb2 import PredictRequest

from bench import contest, load, models, results, serving, sides
from bench.blackhole import seed
from bench.contest import Side
from bench.load import Target
from bench.models import to_house
from bench.results import Figure
from bench.serving import Server

HOUSE: Mapping[str, float] = {**models.example(), "RM": 6.6}
ROUNDS, SECONDS = 15, 1.0
GOAL_RATE, GOAL_P99 = 0.97, 1.05
_READY_SECONDS = 60.0


def main() -> bool:
    """Prints the figures and records them; returns whether both goals are reached."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        without, shadowed = Path(scratch) / "without", Path(scratch) / "with"
        seed(_home(without))
        shutil.copytree(without, shadowed)
        _admin(shadowed, "train", "--model", "random_forest", "--register")
        _admin(shadowed, "challenge", "2")
        ports = serving.free_port(), serving.free_port()
        homes = zip((without, shadowed), ports, strict=True)
        servers = [stack.enter_context(_serving(home, port)) for home, port in homes]
        _await_challenger(ports[1])
        made = [
            Side(name=name, server=server, target=_target(port))
            for name, server, port in zip(("without", "with"), servers, ports, strict=True)
        ]
        found = contest.measure(made, connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS)
        rows = _experiment(ports[1]).shadow_rows
    plain, shadow = found["without"], found["with"]
    share = rows.scored / max(rows.scored + rows.dropped, 1)
    figures = {
        "calls/s": contest.ratio(shadow.rate, plain.rate),
        "p99": contest.ratio(shadow.p99, plain.p99),
        "processor time": contest.ratio(shadow.cpu, plain.cpu),
        "without": contest.summary([1e6 * each for each in plain.cpu], unit="µs"),
        "with": contest.summary([1e6 * each for each in shadow.cpu], unit="µs"),
        "scored": Figure(value=100 * share, unit="%"),
    }
    results.tell("shadow", figures)
    return figures["calls/s"].value >= GOAL_RATE and figures["p99"].value <= GOAL_P99


def _home(home: Path) -> dict[str, str]:
    return {"HOUSING_HOME": str(home), "MLFLOW_TRACKING_URI": ""}


def _admin(home: Path, *arguments: str) -> None:
    variables = {**os.environ, **_home(home)}
    command = [sys.executable, "-m", "admin", *arguments]
    subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)


def _serving(home: Path, port: int) -> Server:
    command = [sys.executable, "-m", "housing_grpc", "--grpc-port", str(port)]
    chosen = {"MODEL_POLL_SECONDS": "5", "METRICS_ENABLED": "false", "WORKERS": "1"}
    return serving.launch(
        command,
        ready=lambda: serving.answers(port),
        core=serving.SERVER_CORE,
        environment=chosen | _home(home),
    )


def _target(port: int) -> Target:
    request = PredictRequest(house=to_house(HOUSE))
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(sides.PREDICT, request_serializer=_bytes)
        return load.grpc_target(port, sides.PREDICT, request, call(request, timeout=5))


def _bytes(request: PredictRequest) -> bytes:
    return request.SerializeToString()


def _experiment(port: int) -> GetExperimentResponse:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        return ExperimentServiceStub(channel).GetExperiment(GetExperimentRequest(), timeout=5)


def _await_challenger(port: int) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        with suppress(grpc.RpcError):
            found = _experiment(port)
            if found.challenger_digest:
                return
            raise RuntimeError(f"no challenger: {found.fault}")
        time.sleep(0.1)
    raise RuntimeError("no challenger in time")
