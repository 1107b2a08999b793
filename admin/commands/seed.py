"""Sees to it that there is a model to serve."""

from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store
from .mlflow_session import open_mlflow
from .train import check_data, spec_of


def run(console: Console, settings: Settings, **flags: str | None) -> None:
    """Train, register and promote a model, unless one is promoted.

    Args:
        console: Where the version goes.
        settings: Where MLflow is, and the alias.
        **flags: As for `admin.commands.train.spec_of`.
    """
    spec = spec_of(**flags)
    # Where a version is promoted already, no data is needed.
    if not embedded_store.is_set_up(settings):
        check_data(spec)
    location = settings.location
    with open_mlflow(console, settings) as client:
        from ..tracking.registry import check_promoted

        current = check_promoted(client, location)
        run_id = ""
        if current is None:
            console.say(f"No version is promoted; training {spec.title} ...")
            with console.busy("Loading scikit-learn ..."):
                from ..jobs.seed import seed
                from ..jobs.train import steps
            with console.steps(steps(spec), spec.title) as step:
                done = seed(client, settings, spec, step)
            for warning in done.warnings:
                console.say(f"warning: {warning}")
            current, run_id = done.version, done.run_id
    verb = "is now" if run_id else "is already"
    console.show(f"Version {current} of {location.model_name} {verb} {location.alias}.")
    console.give({"version": current, "run_id": run_id or None, "created": bool(run_id)})
