"""The experiment that all runs belong to: its name, and where it is."""

import shlex
import sys

from ..base.errors import RegistryError
from ..base.settings import Settings
from .records import Records

EXPERIMENT = "housing-prices"
"""Its name."""


def find(records: Records, settings: Settings) -> str | None:
    """Return the id of the experiment, or None if there is none yet.

    Args:
        records: Of MLflow.
        settings: Where that is.

    Raises:
        RegistryError: The experiment has been deleted.
    """
    found = records.experiment(EXPERIMENT)
    if found is not None and not found.active:
        raise RegistryError(
            f"the MLflow experiment {EXPERIMENT!r} has been deleted; restore it with:"
            f" {_restore_command(settings, found.experiment_id)}"
        )
    return found.experiment_id if found else None


def _restore_command(settings: Settings, experiment_id: str) -> str:
    """Returns a command line that works as it is printed, in the shell that this one came from."""
    command = [sys.executable, "-m", "mlflow", "experiments", "restore"]
    command += ["--experiment-id", experiment_id]
    if settings.location.sqlite_file is not None:
        # Any other is in that shell's MLFLOW_TRACKING_URI, and may hold a password.
        command = ["env", f"MLFLOW_TRACKING_URI={settings.location.tracking_uri}", *command]
    return shlex.join(command)
