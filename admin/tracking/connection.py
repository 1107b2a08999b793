"""Opens MLflow, within bounded time and with errors that say what to do."""

import os
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import mlflow
from mlflow.exceptions import MlflowException
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from housing_grpc.registry.error_causes import missing_driver

from ..base.errors import RegistryError
from ..base.settings import Settings
from . import embedded_store, experiment, failures, origin
from .experiment import EXPERIMENT
from .failures import first_line
from .mlflow_client import Client

# MLflow's own limits, 7 tries of 120 s, keep a person waiting for half an hour. As long as
# it is not known that the server is alive, they are tighter than afterwards.
_PROBE = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "4", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
_WORK = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "30", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3"}
_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_CONNECT_SECONDS = 4.0
# How MLflow begins the text into which it wraps an error of the connection; for an answer
# that is an error, it goes on with "endpoint" instead.
_NO_ANSWER = "API request to http"


@contextmanager
def connect(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Iterator[Client]:
    """Open MLflow for the length of a `with` block, whose errors become RegistryError.

    Args:
        settings: Where MLflow is.
        say: Called with a line when the embedded MLflow is set up first.

    Yields:
        The client.

    Raises:
        RegistryError: MLflow does not answer within 10 s, or refuses, or a disk is full.
    """
    try:
        yield _prepared(settings, say)
    except OSError as error:
        raise failures.of_system(error, settings) from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        if str(error).startswith(_NO_ANSWER):
            raise failures.unreachable(settings) from error
        raise failures.of_mlflow(error, settings) from error


def experiment_id(client: Client, settings: Settings) -> str:
    """Return the id of the experiment that all runs belong to; it is made at first use.

    Args:
        client: MLflow.
        settings: Where artifacts go if no MLflow server decides it.

    Raises:
        RegistryError: The experiment has been deleted.
    """
    found = experiment.find(client, settings)
    if found is None:
        folder = embedded_store.artifact_root(settings) / EXPERIMENT
        place = None if _is_http(settings.location.tracking_uri) else folder.as_uri()
        try:
            return str(
                client.create_experiment(
                    EXPERIMENT, artifact_location=place, tags=dict(origin.EXPERIMENT_TAGS)
                )
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            # Another process was quicker.
            return experiment_id(client, settings)
    known = client.get_experiment(found).tags
    for name, text in origin.EXPERIMENT_TAGS.items():
        if name not in known:  # It was made by a release that set none.
            client.set_experiment_tag(found, name, text)
    return found


def _prepared(settings: Settings, say: Callable[[str], None]) -> Client:
    try:
        embedded_store.prepare(settings, say)
        return _open(settings.location.tracking_uri)
    except ValueError as error:
        # Of a variable of MLflow's own; the text names it.
        raise RegistryError(f"MLflow cannot be opened: {first_line(error)}") from error


def _open(uri: str) -> Client:
    _reach_database(uri)
    # A registry in a database looks up the logged model by way of this global setting.
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = Client(tracking_uri=uri, registry_uri=uri)
    if _is_http(uri):
        limits = [name for name in _PROBE if os.environ.get(name) in (None, _WORK[name])]
        os.environ.update({name: _PROBE[name] for name in limits})
        client.search_experiments(max_results=1)
        os.environ.update({name: _WORK[name] for name in limits})
    return client


def _is_http(uri: str) -> bool:
    return urlsplit(uri).scheme.startswith("http")


def _reach_database(uri: str) -> None:
    """Fail at once where MLflow would try for half an hour to reach a database.

    Raises:
        RegistryError: Its driver is not installed.
        OSError: Nothing answers there.
    """
    parts = urlsplit(uri)
    port = _DATABASE_PORTS.get(parts.scheme.partition("+")[0])
    if port is None:
        return
    try:
        # Connects to nothing yet, but imports the driver.
        create_engine(uri).dispose()
    except (ImportError, SQLAlchemyError) as error:
        raise RegistryError(missing_driver(error) or first_line(error)) from error
    if parts.hostname:
        address = (parts.hostname, parts.port or port)
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()
