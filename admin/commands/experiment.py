"""Trains many combinations and compares them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from .backend import scheduler_of
from .mlflow_session import open_mlflow
from .models import number, short
from .train import load_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..jobs.experiment import Compared, Line
    from ..training.experiment_backends import Backend

_CONFIG = Path("experiments") / "default.yaml"
_SCORES = ("cv_rmse", "cv_mae", "cv_r2", "rmse")
_COLUMNS = (*_SCORES, "model", "preprocessing", "parameters", "run")
_SPARE = ("cv_r2", "cv_mae", "rmse")


def run(
    console: Console,
    settings: Settings,
    *,
    config: Text = None,
    jobs: Text = None,
    backend: Text = None,
    scheduler: Text = None,
) -> None:
    """Train all combinations of a file, and show them, the best first.

    Args:
        console: Where the comparison goes.
        settings: Where MLflow is.
        config: YAML file.
        jobs: How many to train at the same time on this machine.
        backend: "local", or "dask" for a cluster.
        scheduler: Address of that cluster's scheduler.
    """
    file = Path(options.given(config, "--config") or _CONFIG)
    place = _place(backend, scheduler, jobs)
    from ..training import experiment_config

    dataset = load_data(experiment_config.shared(file))
    with console.busy("Loading scikit-learn ..."):
        wanted = experiment_config.load(file)
    with open_mlflow(console, settings) as client:
        with console.busy("Loading scikit-learn ..."):
            from ..jobs import experiment
        train_all = place()
        console.say(f"{wanted.name}: {len(wanted.specs)} combinations")
        with console.steps(len(wanted.specs), wanted.name) as step:
            found = experiment.run(client, settings, wanted, train_all, step, dataset=dataset)
    _show(console, found)
    console.give(_document(found))


def _place(backend: Text, scheduler: Text, jobs: Text) -> "Callable[[], Backend]":
    """Return what makes the backend, which takes slow imports, once the flags are checked."""
    address = scheduler_of(backend, scheduler)
    count = options.whole(jobs, "--jobs", low=1, high=1024)
    if address is not None and count is not None:
        raise UsageError("--jobs is for this machine; a cluster trains as many as it has workers")

    def make() -> "Backend":
        from ..training import experiment_backends, experiment_dask

        if address is not None:
            return experiment_dask.cluster(address)
        return (
            experiment_backends.processes(count)
            if count and count > 1
            else experiment_backends.in_turn
        )

    return make


def _show(console: Console, found: "Compared") -> None:
    rows = [_cells(line) for line in found.lines if line.evaluation]
    title = "The best first; cv_rmse and the like are means over the folds ± standard deviation"
    console.table(_COLUMNS, rows, title=title, spare=_SPARE)
    for line in found.lines:
        if line.evaluation is None:
            console.show(f"failed: {line.spec.label}: {line.reason}")
    best = found.lines[0]
    for warning in best.evaluation.warnings if best.evaluation else ():
        console.say(f"warning: {warning}")
    console.show(f"The best is {best.spec.title}: run {best.run_id}")
    console.show(f"To register it: housing-admin register {best.run_id}")
    if len(rows) > 1:
        console.show("Of another run, housing-admin register RUN says how to train its model anew.")


def _cells(line: "Line") -> tuple[str, ...]:
    metrics = line.evaluation.metrics if line.evaluation else {}
    spec, run = line.spec, short(line.run_id)
    scores = [_score(metrics, name) for name in _SCORES]
    return (*scores, spec.model, spec.preprocessing, spec.changes or "-", run)


def _score(metrics: "Mapping[str, float]", name: str) -> str:
    spread = metrics.get(f"{name}_std")
    return number(metrics.get(name)) + ("" if spread is None else f"±{number(spread)}")


def _document(found: "Compared") -> dict[str, Any]:
    return {
        "run_id": found.run_id,
        "best_run_id": found.best.run_id,
        "bundle_digest": found.best.digest,
        "combinations": [
            {
                "run_id": line.run_id,
                "model_type": line.spec.model,
                "preprocessing": line.spec.preprocessing,
                "params": dict(line.spec.params),
                "preprocessing_params": dict(line.spec.preprocessing_params),
                "metrics": line.evaluation.metrics if line.evaluation else None,
                "failure": line.reason or None,
            }
            for line in found.lines
        ],
    }
