"""Servers of an MLflow registry."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from housing.v1.model_pb2 import (
    ModelInfoRequest,
    ModelInfoResponse,
    ReloadModelRequest,
    ReloadModelResponse,
)

from housing_grpc.base.errors import EXIT_MODEL, StartError
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.client import SECONDS, Client
from tests.support.errors import raised
from tests.support.serving import connected


def started(stack: ExitStack, uri: str, home: Path, seconds: float = 30, **settings: Any) -> Client:
    """Starts a server that keeps its cache in a home folder; returns a client."""
    server = server_of(uri, home, seconds, **settings)
    stack.callback(server.close, grace_seconds=0)
    server.start()
    return connected(stack, server.port)


def server_of(uri: str, home: Path, seconds: float = 30, **settings: Any) -> HousingServer:
    """Makes a server that has not started yet."""
    return HousingServer(
        Settings(
            grpc_port=0,
            mlflow_tracking_uri=uri,
            housing_home=str(home),
            registry_timeout_seconds=seconds,
            **settings,
        )
    )


def refused(uri: str, home: Path, **settings: Any) -> StartError:
    """Starts a server that cannot; gives the reason."""
    server = server_of(uri, home, **settings)
    error = raised(StartError, server.start)
    server.close(grace_seconds=0)
    assert error.exit_code == EXIT_MODEL
    return error


def info(client: Client) -> ModelInfoResponse:
    """Asks about the live model."""
    return client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)


def reload(client: Client, **target: Any) -> ReloadModelResponse:
    """Reloads the alias, or a version or alias that is given."""
    return client.models.ReloadModel(ReloadModelRequest(**target), timeout=SECONDS)
