"""What callers notice of a registry that takes connections and answers nothing, for a minute.

Eight clients ask for prices at half the rate that they reach when nothing else is done: first
of a server that asks nobody, then of one that follows a real MLflow server and is asked to reload
every ten seconds, while the registry answers, and then while its processes are frozen.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import grpc
import numpy as np
from housing.v1.model_pb2 import ReloadModelRequest
from housing.v1.model_pb2_grpc import ModelServiceStub
from housing.v1.prediction_pb2 import PredictRequest

from bench import results, serving
from bench.callers import Calls, calling, half_of_the_peak
from bench.reload import CLIENTS, houses, requests
from bench.results import Figure
from bench.serving import Server

GOAL = 1.2
_SECONDS = 60.0
_SATURATION_SECONDS = 5.0
_PAUSE_SECONDS = 10.0
_POLL_SECONDS = "5"
_NEVER = "0"
_RELOAD_SECONDS = 60.0


def main() -> bool:
    """Prints the figures and records them; returns whether they reach their goal."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder, port = Path(scratch), serving.free_port()
        address = f"127.0.0.1:{port}"
        uri = f"http://127.0.0.1:{serving.free_port()}"
        environment = {
            "MLFLOW_TRACKING_URI": uri,
            "HOUSING_HOME": str(folder / "home"),
            "METRICS_PORT": str(serving.free_port()),
        }
        registry = stack.enter_context(mlflow_server(folder, uri))
        seed(environment)
        asked = requests(houses())
        with _server(port, {**environment, "MODEL_POLL_SECONDS": _NEVER}):
            rate = half_of_the_peak(address, asked, clients=CLIENTS, seconds=_SATURATION_SECONDS)
            with calling(address, asked, clients=CLIENTS, rate=rate) as alone:
                threading.Event().wait(_SECONDS)
        with _server(port, {**environment, "MODEL_POLL_SECONDS": _POLL_SECONDS}):
            steady = _watched(address, asked, rate)
            with registry.frozen():
                silent = _watched(address, asked, rate)
    return _report(alone, steady, silent)


def seed(environment: Mapping[str, str]) -> None:
    """Trains a first model and promotes it."""
    command = [sys.executable, "-m", "admin", "seed"]
    variables = {**os.environ, **environment}
    subprocess.run(command, env=variables, check=True, stdout=subprocess.DEVNULL)


def mlflow_server(folder: Path, uri: str) -> Server:
    """Runs a real MLflow server at an address, which keeps all in a folder."""
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", uri.rpartition(":")[2], "--artifacts-destination", str(folder / "files")]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return serving.launch(
        command,
        ready=lambda: serving.answers_http(f"{uri}/health"),
        environment=quiet,
        folder=folder,
    )


def _server(port: int, environment: Mapping[str, str]) -> Server:
    command = [sys.executable, "-m", "housing_grpc", "--grpc-port", str(port)]
    return serving.launch(command, ready=lambda: serving.answers(port), environment=environment)


def _watched(address: str, asked: list[PredictRequest], rate: float) -> Calls:
    with _reloading(address), calling(address, asked, clients=CLIENTS, rate=rate) as calls:
        threading.Event().wait(_SECONDS)
    return calls


@contextmanager
def _reloading(address: str) -> Iterator[None]:
    """Asks for a reload every now and then, whatever comes of it."""
    ended = threading.Event()

    def run() -> None:
        with grpc.insecure_channel(address) as channel:
            while not ended.wait(_PAUSE_SECONDS):
                asked = ModelServiceStub(channel).ReloadModel.future(
                    ReloadModelRequest(), timeout=_RELOAD_SECONDS
                )
                asked.exception()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _report(alone: Calls, steady: Calls, silent: Calls) -> bool:
    phases = {"alone": alone, "while it answers": steady, "while it is silent": silent}
    p99 = {name: 1e3 * float(np.quantile(each.latencies(), 0.99)) for name, each in phases.items()}
    failed = sum(each.failed() for each in phases.values())
    ratio = p99["while it is silent"] / p99["while it answers"]
    figures = {
        "failed": Figure(value=failed),
        "p99 ratio": Figure(value=ratio),
        "p99 ratio to alone": Figure(value=p99["while it is silent"] / p99["alone"]),
        **{f"p99 {name}": Figure(value=value, unit="ms") for name, value in p99.items()},
    }
    print(f"{len(silent.made)} calls while the registry was silent; goal of both ratios: {GOAL}")
    results.tell("blackhole", figures)
    return failed == 0 and max(ratio, figures["p99 ratio to alone"].value) <= GOAL
