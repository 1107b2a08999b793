"""Lists the latest training runs."""

from typing import TYPE_CHECKING, Any

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store
from .mlflow_session import open_mlflow
from .models import minute, number, short

if TYPE_CHECKING:
    from ..tracking.run_list import RunLine

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
    found: list[RunLine] = []
    if embedded_store.is_set_up(settings):
        with open_mlflow(console, settings) as client:
            with console.busy("Loading MLflow ..."):
                from ..tracking.run_list import latest
            found = latest(client, settings, most)
    if not found:
        console.show("There is no run yet; make one with: housing-admin train")
    else:
        console.table(_COLUMNS, [_cells(line) for line in found], spare=_SPARE)
    console.give([_document(line) for line in found])


def _cells(line: "RunLine") -> tuple[str, ...]:
    return (
        short(line.run_id),
        minute(line.started),
        line.model,
        line.preprocessing,
        number(line.rmse),
        number(line.cv_rmse),
        line.status.lower(),
        "yes" if line.bundle else "-",
        str(line.version or "-"),
    )


def _document(line: "RunLine") -> dict[str, Any]:
    return {
        "run_id": line.run_id,
        "started": line.started,
        "status": line.status,
        "model_type": line.model,
        "preprocessing": line.preprocessing,
        "metrics": {"rmse": line.rmse, "cv_rmse": line.cv_rmse},
        "bundle": line.bundle,
        "version": line.version,
    }
