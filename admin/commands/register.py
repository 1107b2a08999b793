"""Makes a run a version of the registered model."""

from ..base import options
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow, open_records
from .models import text


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
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking import registration_checks, run_lookup

        found = run_lookup.find(records, settings, wanted)
        version = registration_checks.known_version(records, settings.location, found)
        created = False
    if version is None:
        with open_mlflow(console, settings) as client:
            from ..tracking.registry import register

            made = register(client, settings.location, found.run_id)
        version, created = made.version, made.created
    done = "is now" if created else "is already"
    console.show(f"Run {found.run_id} {done} version {version} of {name}.")
    console.show(f"To serve it: housing-admin promote {version}")
    console.give({"run_id": found.run_id, "version": text(version), "created": created})
