"""Says of what failed with MLflow, or with the files that it keeps, what to do about it."""

import socket
import sqlite3

from housing_grpc.base.errors import ServingError
from housing_grpc.registry.error_causes import disk_is_full

from ..base.errors import RegistryError
from ..base.settings import Settings
from . import disk_space

_NO_LOGIN = ("(HTTP 401)", "(HTTP 403)")


def of_system(error: OSError, settings: Settings) -> RegistryError:
    """Return what to say of an error of the operating system."""
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return unreachable(settings)
    path = error.filename or f"{settings.home}"
    reason = error.strerror or first_line(error)
    if disk_is_full(error):
        needed = (
            "" if "needed" in reason else f", up to {disk_space.DATABASE_BYTES:,} bytes are needed"
        )
        return RegistryError(f"{path}: {reason}{needed}; free some space and run this again")
    return RegistryError(f"{path}: {reason}; check that it is there and can be written to")


def of_mlflow(error: Exception, settings: Settings) -> RegistryError:
    """Return what to say of an error of MLflow, or of its database."""
    file = settings.location.sqlite_file
    if file is not None and disk_is_full(error):
        return RegistryError(disk_space.explain({file: disk_space.DATABASE_BYTES}))
    cause = error.__cause__
    # Errors of ours that servers tell strangers of say little.
    text = first_line(cause if isinstance(cause, sqlite3.Error | OSError) else error)
    return RegistryError(f"MLflow at {settings.location.shown_uri}: {text}")


def of_question(error: ServingError, settings: Settings) -> RegistryError:
    """Return what to say of a question that was put without MLflow."""
    cause = error.__cause__
    # Whatever is named like that alone tells which file for TLS is not there.
    if isinstance(cause, OSError) and type(cause) is not OSError:
        return unreachable(settings)
    if error.message.endswith(_NO_LOGIN):
        return RegistryError(
            f"MLflow at {settings.location.shown_uri}: {error.message}; set"
            " MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
        )
    return of_mlflow(error, settings)


def unreachable(settings: Settings) -> RegistryError:
    """Return what to say where nothing answers."""
    return RegistryError(
        f"MLflow at {settings.location.shown_uri} does not answer;"
        " start it, or set MLFLOW_TRACKING_URI to where it is"
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
