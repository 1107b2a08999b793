"""Makes MLflow quiet, and deaf to what is not meant for it; called before it is imported."""

import logging
import os
import sys
import warnings

from housing_grpc.registry.location import keep_loopback_direct

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # Notebooks name one that is theirs; pictures here are drawn into files.
    "MPLBACKEND": "agg",
    # What other programs make of warnings is not for the libraries of this one.
    "PYTHONWARNINGS": "ignore",
}
# OpenTelemetry's, which MLflow brings and which has nothing to do here, ends the import of both if
# one of these names what is not installed, as where an operator of Kubernetes sets them for all.
_NOT_FOR_US = ("OTEL_PROPAGATORS", "OTEL_PYTHON_CONTEXT")


def ignore_warnings() -> None:
    """Ignore the warnings of libraries, unless `python -W` asks for them."""
    if not sys.warnoptions or "PYTHONWARNINGS" in os.environ:
        warnings.simplefilter("ignore")


def configure() -> None:
    """Switch off what MLflow says and reports of its own accord, in child processes too."""
    os.environ.update(_ENVIRONMENT)
    for name in _NOT_FOR_US:
        os.environ.pop(name, None)
    keep_loopback_direct(os.environ)
    for name in ("alembic", "sqlalchemy", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # It logs the stack trace of what it then raises, and what is raised is reported anyway.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
