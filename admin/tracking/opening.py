"""Opens MLflow's records without MLflow, where they are of a kind that is known."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from housing_grpc.base.errors import ServingError
from housing_grpc.registry import without_mlflow
from housing_grpc.registry.sqlite_file import SqliteFile

from ..base.settings import Settings
from . import embedded_store, failures
from .file_records import FileRecords
from .records import Records

# What MLflow's server may take for an answer, and whoever writes to a file.
_SECONDS = 10.0


@contextmanager
def opened(
    settings: Settings, say: Callable[[str], None], mlflow: Callable[[], Records]
) -> Iterator[Records]:
    """Open the records for the length of a `with` block, whose errors become RegistryError.

    Args:
        settings: Where MLflow is.
        say: Called with a line where the embedded MLflow is found to have been moved.
        mlflow: Opens MLflow itself, for what nothing else can be asked.

    Raises:
        RegistryError: MLflow does not answer in time, or refuses, or a disk is full.
    """
    try:
        embedded_store.prepare(settings, say)
        yield _records(settings, mlflow)
    except OSError as error:
        raise failures.of_system(error, settings) from error
    except sqlite3.Error as error:
        raise failures.of_mlflow(error, settings) from error
    except ServingError as error:
        raise failures.of_question(error, settings) from error


def _records(settings: Settings, mlflow: Callable[[], Records]) -> Records:
    uri = settings.location.tracking_uri
    found = without_mlflow.opened(uri, _SECONDS, os.environ)
    if found is None:
        return mlflow()

    def elsewhere(model_id: str, folder: str, name: str) -> bool:
        return mlflow().has_file(model_id, folder, name)

    if isinstance(found, SqliteFile):
        return FileRecords(found, elsewhere)
    # What asks a server takes a while to be imported.
    from housing_grpc.registry.mlflow_http import MlflowHttp

    from .server_records import ServerRecords

    return ServerRecords(lambda: MlflowHttp(uri, _SECONDS, os.environ), elsewhere)
