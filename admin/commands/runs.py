"""Lists the latest training runs."""

from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store, run_locks
from .mlflow_session import open_mlflow, open_records
from .models import minute, number, short, text

if TYPE_CHECKING:
    from ..tracking.run_list import Line

_LIMIT = 20
_MOST = 1000
_COLUMNS = (
    "run",
    "started",
    "model",
    "preprocessing",
    "rmse",
    "cv_rmse",
    "status",
    "bundle",
    "version",
)
_SPARE = ("bundle", "rmse", "started")


def run(console: Console, settings: Settings, *, limit: Text = None) -> None:
    """List runs, the newest first.

    Args:
        console: Where the list goes.
        settings: Where MLflow is.
        limit: How many at most.
    """
    most = options.whole(limit, "--limit", low=1, high=_MOST) or _LIMIT
    found: list[Line] = []
    if embedded_store.is_set_up(settings):
        if run_locks.any_dead(settings.home):
            _end_dead_runs(console, settings)
        with open_records(console, settings) as records:
            from ..tracking import run_list

            found = run_list.latest(records, settings, most)
    if not found:
        console.show("There is no run yet; make one with: housing-admin train")
    else:
        console.table(_COLUMNS, [_cells(line) for line in found], spare=_SPARE)
    console.give([_document(line) for line in found])


def _end_dead_runs(console: Console, settings: Settings) -> None:
    # Once for each that was killed, so MLflow may take its seconds.
    with open_mlflow(console, settings) as client:
        from ..tracking.connection import experiment_id

        run_locks.end_dead_runs(client, experiment_id(client, settings), settings.home)


def _cells(line: "Line") -> tuple[str, ...]:
    run, version = line
    return (
        short(run.run_id),
        minute(run.started),
        run.params.get("model", ""),
        run.params.get("preprocessing", ""),
        number(run.metrics.get("rmse")),
        number(run.metrics.get("cv_rmse")),
        run.status.lower(),
        "yes" if run.model_id else "-",
        text(version) or "-",
    )


def _document(line: "Line") -> dict[str, Any]:
    run, version = line
    return {
        "run_id": run.run_id,
        "started": run.started,
        "status": run.status,
        "model_type": run.params.get("model", ""),
        "preprocessing": run.params.get("preprocessing", ""),
        "metrics": {name: run.metrics.get(name) for name in ("rmse", "cv_rmse")},
        "bundle": bool(run.model_id),
        "version": text(version),
    }
