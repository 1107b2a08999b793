"""Sees to it that there is a model to serve."""

from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store
from ..training.spec import TrainingSpec
from .mlflow_session import open_mlflow, open_records
from .models import text
from .train import load_data, spec_of


def run(console: Console, settings: Settings, **flags: str | None) -> None:
    """Train, register and promote a model, unless one is promoted.

    Args:
        console: Where the version goes.
        settings: Where MLflow is, and the alias.
        **flags: As for `admin.commands.train.spec_of`.
    """
    spec = spec_of(**flags)
    location = settings.location
    current, run_id = None, ""
    if embedded_store.is_set_up(settings):
        with open_records(console, settings) as records:
            from ..tracking.promotion import check_promoted

            current = check_promoted(records, location)
    # Where a version is promoted already, no data is needed.
    if current is None:
        current, run_id = _made(console, settings, spec)
    verb = "is now" if run_id else "is already"
    console.show(f"Version {current} of {location.model_name} {verb} {location.alias}.")
    console.give({"version": text(current), "run_id": run_id or None, "created": bool(run_id)})


def _made(console: Console, settings: Settings, spec: TrainingSpec) -> tuple[int, str]:
    """Return the version that is promoted now, and its run, or "" if another seed was quicker."""
    dataset = load_data(spec)
    with open_mlflow(console, settings) as client:
        console.say(f"No version is promoted; training {spec.title} ...")
        with console.busy("Loading scikit-learn ..."):
            from ..jobs.seed import seed
            from ..jobs.train import steps
        with console.steps(steps(spec), spec.title) as step:
            done = seed(client, settings, spec, step, dataset=dataset)
        for warning in done.warnings:
            console.say(f"warning: {warning}")
    return done.version, done.run_id
