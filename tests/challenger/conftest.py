"""Servers that follow a registry in which a version may be compared with another."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1.experiment_pb2 import GetExperimentRequest, GetExperimentResponse

from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support import registered
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.registered import Registered
from tests.support.serving import connected
from tests.support.waiting import until

Follow = Callable[..., Client]


@pytest.fixture(scope="session")
def stored(
    tmp_path_factory: pytest.TempPathFactory, linear: Example, forest: Example
) -> Registered:
    """A registered model: version 1 is linear, version 2 a forest."""
    found = registered.in_file(tmp_path_factory.mktemp("registered"))
    for example in (linear, forest):
        found.add(example)
    return found


@pytest.fixture
def versions(stored: Registered) -> Registered:
    """The same, with version 1 promoted and nothing that is compared."""
    stored.promote("1")
    stored.challenge("2")
    stored.stop()
    return stored


@pytest.fixture
def follow(stack: ExitStack, tmp_path: Path) -> Follow:
    """Starts servers: `follow(versions, **settings)` returns a client of one."""

    def start(versions: Registered, **settings: Any) -> Client:
        chosen: dict[str, Any] = {
            "grpc_port": 0, "mlflow_tracking_uri": versions.uri, "housing_home": str(tmp_path),
            "registry_timeout_seconds": 60.0, "model_poll_seconds": 1.0, **settings,
        }  # fmt: skip
        server = HousingServer(Settings(**chosen))
        stack.callback(server.close, grace_seconds=0)
        server.start()
        return connected(stack, server.port)

    return start


def experiment(client: Client) -> GetExperimentResponse:
    return client.experiments.GetExperiment(GetExperimentRequest(), timeout=SECONDS)


def found(client: Client) -> GetExperimentResponse | None:
    """Asks a server for its experiment; gives None where there is none."""
    try:
        return experiment(client)
    except grpc.RpcError:
        # Any other fault shows when it is asked again.
        return None


def compared(client: Client, version: str) -> GetExperimentResponse:
    """Waits until a server compares a version; returns what it says of it."""

    def is_there() -> bool:
        now = found(client)
        return now is not None and now.challenger_version == version and now.challenger_digest != ""

    until(is_there)
    return experiment(client)
