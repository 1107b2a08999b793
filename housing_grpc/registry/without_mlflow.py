"""Registries that can be asked without MLflow, whose import takes seconds."""

from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.registry.location import sqlite_file
from housing_grpc.registry.mlflow_sqlite import MlflowSqlite
from housing_grpc.registry.registered_version import Registry, unavailable
from housing_grpc.registry.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from housing_grpc.registry.mlflow_http import MlflowHttp

MLFLOW_SECONDS = 60.0
"""What MLflow's import may take on a busy machine; it does not count as the registry's time."""

_HTTP = ("http://", "https://")
# Ways to prove who asks, and headers to add, that MLflow and its plugins alone know.
_FOREIGN = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4")
_PLUGINS = "mlflow.request_header_provider"


def registry(tracking_uri: str, seconds: float, environment: Mapping[str, str]) -> Registry | None:
    """Returns a registry that can be asked without MLflow, or None.

    Args:
        tracking_uri: Of the registry.
        seconds: What it has to answer within.
        environment: Has MLflow's own variables.

    Raises:
        ServingError: MODEL_NOT_FOUND, if it is a file that is not there.
    """
    found = opened(tracking_uri, seconds, environment)
    if found is None:
        return None
    if isinstance(found, SqliteFile):
        return MlflowSqlite(found)
    from housing_grpc.registry.mlflow_server import MlflowServer

    return MlflowServer(found)


def opened(
    tracking_uri: str, seconds: float, environment: Mapping[str, str]
) -> "MlflowHttp | SqliteFile | None":
    """Returns how MLflow's server or file can be asked without MLflow, or None.

    Args:
        tracking_uri: Of MLflow.
        seconds: What it has to answer within.
        environment: Has MLflow's own variables.

    Raises:
        ServingError: MODEL_NOT_FOUND, if it is a file that is not there.
    """
    if tracking_uri.startswith(_HTTP):
        if any(environment.get(name) for name in _FOREIGN) or _has_plugins():
            return None
        # What it takes is not installed everywhere, and a start would wait for it.
        from housing_grpc.registry.mlflow_http import MlflowHttp

        return MlflowHttp(tracking_uri, seconds, environment)
    file = sqlite_file(tracking_uri)
    if file is None:
        return None
    try:
        is_there = file.is_file()
    except OSError as error:
        raise unavailable("the registry", type(error).__name__) from error
    if not is_there:  # MLflow would make an empty registry there.
        raise ServingError(
            Reason.MODEL_NOT_FOUND,
            "there is no registry yet; `housing-admin seed` makes one with a first model",
        )
    found = SqliteFile(file, seconds)
    return found if found.is_known() and not environment.get("MLFLOW_WORKSPACE") else None


@cache
def _has_plugins() -> bool:
    return bool(metadata.entry_points(group=_PLUGINS))
