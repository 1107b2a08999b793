"""Makes a version whose bundle has an older format one of the newest."""

from pathlib import Path

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow, open_records
from .models import text


def run(console: Console, settings: Settings, *, version: str, data: Text = None) -> None:
    """Register a version anew, with the same model in a bundle of the newest format.

    Args:
        console: Where the new version goes.
        settings: Where MLflow is.
        version: Number of the version.
        data: File that it was trained on.
    """
    number = options.whole(options.given(version, "VERSION"), "VERSION", low=1)
    if number is None:
        raise UsageError("say which version: housing-admin upgrade 2; see: housing-admin models")
    file = options.given(data, "--data")
    name = settings.location.model_name
    nothing = f"{name} has no version yet; make one with: housing-admin seed"
    with open_records(console, settings, needed=nothing) as records:
        from ..tracking.records import find_version

        find_version(records.versions(name), settings.location, number)
    with open_mlflow(console, settings) as client:
        with console.busy("Loading scikit-learn ..."):
            from ..jobs.upgrade import STEPS, upgrade_version
        with console.steps(STEPS, f"version {number}") as step:
            made = upgrade_version(
                client, settings, number, data=Path(file) if file else None, step=step
            )
    console.show(f"Version {number} is now also version {made.version}, in the newest format.")
    if made.missing:
        console.show(
            f"It does not say how sure its prices are, nor how unusual houses are: {made.missing}"
        )
    console.show(f"To serve it: housing-admin promote {made.version}")
    console.give(
        {
            "from": text(number),
            "version": text(made.version),
            "run_id": made.run_id,
            "bundle_digest": made.digest,
            "missing": made.missing or None,
        }
    )
