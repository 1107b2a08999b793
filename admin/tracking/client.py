"""Opens MLflow, within bounded time and with errors that say what to do."""

import os
import shlex
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

from housing_grpc.registry.error_causes import disk_is_full, missing_driver

from ..base.errors import RegistryError
from ..base.settings import Settings
from . import disk_space, embedded_store, origin

EXPERIMENT = "housing-prices"
"""The experiment that all training runs belong to."""

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
def connect(
    settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Iterator[MlflowClient]:
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
        raise _of_system(error, settings) from error
    except (MlflowException, SQLAlchemyError, sqlite3.Error) as error:
        raise _of_mlflow(error, settings) from error


def experiment_id(client: MlflowClient, settings: Settings) -> str:
    """Return the id of the experiment that all runs belong to; it is made at first use.

    Args:
        client: MLflow.
        settings: Where artifacts go if no MLflow server decides it.

    Raises:
        RegistryError: The experiment has been deleted.
    """
    found = client.get_experiment_by_name(EXPERIMENT)
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
            found = client.get_experiment_by_name(EXPERIMENT)
    if found is None or found.lifecycle_stage != "active":
        raise RegistryError(
            f"the MLflow experiment {EXPERIMENT!r} has been deleted; restore it with:"
            f" {_restore_command(settings, found.experiment_id if found else 'ID')}"
        )
    for name, text in origin.EXPERIMENT_TAGS.items():
        if name not in found.tags:  # It was made by a release that set none.
            client.set_experiment_tag(found.experiment_id, name, text)
    return str(found.experiment_id)


def _restore_command(settings: Settings, experiment: str) -> str:
    """Returns a command line that works as it is printed, in the shell that this one came from."""
    command = [sys.executable, "-m", "mlflow", "experiments", "restore"]
    command += ["--experiment-id", experiment]
    if settings.location.sqlite_file is not None:
        # Any other is in that shell's MLFLOW_TRACKING_URI, and may hold a password.
        command = ["env", f"MLFLOW_TRACKING_URI={settings.location.tracking_uri}", *command]
    return shlex.join(command)


def _prepared(settings: Settings, say: Callable[[str], None]) -> MlflowClient:
    try:
        embedded_store.prepare(settings, say)
        return _open(settings.location.tracking_uri)
    except ValueError as error:
        # Of a variable of MLflow's own; the text names it.
        raise RegistryError(f"MLflow cannot be opened: {_first_line(error)}") from error


def _open(uri: str) -> MlflowClient:
    _reach_database(uri)
    # A registry in a database looks up the logged model by way of this global setting.
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
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
        raise RegistryError(missing_driver(error) or _first_line(error)) from error
    if parts.hostname:
        address = (parts.hostname, parts.port or port)
        socket.create_connection(address, timeout=_CONNECT_SECONDS).close()


def _of_system(error: OSError, settings: Settings) -> RegistryError:
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return _unreachable(settings)
    path = error.filename or f"{settings.home}"
    reason = error.strerror or _first_line(error)
    if disk_is_full(error):
        needed = (
            "" if "needed" in reason else f", up to {disk_space.DATABASE_BYTES:,} bytes are needed"
        )
        return RegistryError(f"{path}: {reason}{needed}; free some space and run this again")
    return RegistryError(f"{path}: {reason}; check that it is there and can be written to")


def _of_mlflow(error: Exception, settings: Settings) -> RegistryError:
    text = _first_line(error)
    if text.startswith(_NO_ANSWER):
        return _unreachable(settings)
    file = settings.location.sqlite_file
    if file is not None and disk_is_full(error):
        return RegistryError(disk_space.explain({file: disk_space.DATABASE_BYTES}))
    return RegistryError(f"MLflow at {settings.location.shown_uri}: {text}")


def _unreachable(settings: Settings) -> RegistryError:
    return RegistryError(
        f"MLflow at {settings.location.shown_uri} does not answer;"
        " start it, or set MLFLOW_TRACKING_URI to where it is"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
