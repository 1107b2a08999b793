"""Real servers for the client: in this process, and as processes that can be killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1 import prediction_pb2

from clients.python import HousingClient
from clients.python.command.main import main
from housing_grpc.server import HousingServer
from tests.conftest import ROOT
from tests.support import hosting
from tests.support.commands import Say, saying
from tests.support.examples import Example
from tests.support.ports import held_port
from tests.support.serving import ALONE, housing_server

Serve = Callable[..., str]
Spawn = Callable[..., "subprocess.Popen[bytes]"]
Run = Callable[..., int]
Host = Callable[..., str]
Connect = Callable[[str], HousingClient]

PREDICTION = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]


def _serve(stack: ExitStack, folder: Path, **settings: Any) -> HousingServer:
    return housing_server(stack, folder, **{"drain_seconds": 0, **settings})


@pytest.fixture
def serve(stack: ExitStack) -> Serve:
    """Starts servers: `serve(folder, **settings)` returns the address of one."""
    return lambda folder, **more: f"127.0.0.1:{_serve(stack, folder, **more).port}"


@pytest.fixture
def server_of(stack: ExitStack) -> Callable[..., HousingServer]:
    """Starts servers: `server_of(folder, **settings)` returns the server itself."""
    return lambda folder, **more: _serve(stack, folder, **more)


@pytest.fixture(scope="session")
def address(linear: Example) -> Iterator[str]:
    """A server that serves the linear bundle throughout."""
    with ExitStack() as stack:
        # Calls that took long while the machine stood still are no reason to refuse others.
        yield f"127.0.0.1:{_serve(stack, linear.folder, max_queue_seconds=3600).port}"


@pytest.fixture
def connect(stack: ExitStack) -> Connect:
    """Opens clients: `connect(address)` returns one with a connection of its own."""
    return lambda target: stack.enter_context(HousingClient(target, options=ALONE))


@pytest.fixture
def client(address: str, connect: Connect) -> HousingClient:
    return connect(address)


@pytest.fixture
def host(stack: ExitStack) -> Host:
    """Puts servicers behind the server's own gate: `host(predictions)` returns an address."""

    def start(servicer: object, credentials: grpc.ServerCredentials | None = None) -> str:
        served = hosting.served(PREDICTION, servicer, hosting.pool_of(stack, 4))
        return hosting.start(stack, served, version=lambda: "version-7", credentials=credentials)

    return start


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that nobody else gets meanwhile; a server of the test may listen on it."""
    with held_port() as port:
        yield port


@pytest.fixture
def spawn(stack: ExitStack) -> Spawn:
    """Starts servers as processes: `spawn(folder, port)` returns one that may not serve yet."""

    def start(folder: Path, port: int, **settings: object) -> "subprocess.Popen[bytes]":
        variables = {"bundle_dir": folder, "grpc_port": port, "drain_seconds": 0, **settings}
        environment = {name.upper(): str(value) for name, value in variables.items()}
        process = subprocess.Popen(
            [sys.executable, "-m", "housing_grpc"],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        return process

    return start


@pytest.fixture
def run(address: str) -> Run:
    """Runs a command against the server: `run("info")` returns the exit code."""

    def command(name: str, *arguments: object) -> int:
        return main([name, "--target", address, *map(str, arguments)])

    return command


@pytest.fixture
def say(run: Run, capsys: pytest.CaptureFixture[str]) -> Say:
    """Runs such a command, which has to end with a code: `say("info")` gives what it says."""
    return saying(lambda arguments: run(*arguments), capsys)
