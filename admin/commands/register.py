"""Makes a run a version of the registered model."""

from ..base import options
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow


def run(console: Console, settings: Settings, *, run_id: str) -> None:
    """Register a run; one that is registered already keeps its version.

    Args:
        console: Where the version goes.
        settings: Where MLflow is.
        run_id: Of a finished run with a bundle.
    """
    wanted = options.given(run_id, "RUN_ID") or ""
    name = settings.location.model_name
    with open_mlflow(console, settings) as client:
        from ..tracking.registry import register

        made = register(client, settings.location, wanted)
    done = "is now" if made.created else "is already"
    console.show(f"Run {wanted} {done} version {made.version} of {name}.")
    console.show(f"To serve it: housing-admin promote {made.version}")
    console.give({"run_id": wanted, "version": made.version, "created": made.created})
