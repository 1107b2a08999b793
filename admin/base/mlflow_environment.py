"""Makes MLflow quiet; to be called before MLflow is imported."""

import logging
import os

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def configure() -> None:
    """Switch off what MLflow says and reports of its own accord, in child processes too."""
    os.environ.update(_ENVIRONMENT)
    for name in ("alembic", "sqlalchemy", "mlflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # It logs the stack trace of what it then raises, and what is raised is reported anyway.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
