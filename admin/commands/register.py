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
        run_id: Of a finished run with a bundle; its beginning does.
    """
    wanted = options.given(run_id, "RUN_ID") or ""
    name = settings.location.model_name
    nothing = f"there is no run {wanted}, and no other; make one with: housing-admin train"
    with open_mlflow(console, settings, needed=nothing) as client:
        from ..tracking import run_lookup
        from ..tracking.registry import register

        found = run_lookup.find(client, settings, wanted)
        made = register(client, settings.location, found)
    done = "is now" if made.created else "is already"
    console.show(f"Run {found} {done} version {made.version} of {name}.")
    console.show(f"To serve it: housing-admin promote {made.version}")
    console.give({"run_id": found, "version": made.version, "created": made.created})
