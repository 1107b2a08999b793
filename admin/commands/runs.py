"""Lists the latest training runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from .mlflow_session import open_mlflow
from .models import minute, number

if TYPE_CHECKING:
    from ..tracking.run_list import RunLine

_LIMIT = 20
_MOST = 1000
_COLUMNS = (
    "run",
    "started (UTC)",
    "model",
    "preprocessing",
    "rmse",
    "cv_rmse",
    "status",
    "bundle",
    "version",
)


def run(console: Console, settings: Settings, *, limit: Text = None) -> None:
    """List runs, the newest first.

    Args:
        console: Where the list goes.
        settings: Where MLflow is.
        limit: How many at most.
    """
    most = options.whole(limit, "--limit", low=1, high=_MOST) or _LIMIT
    with open_mlflow(console, settings) as client:
        with console.busy("Loading MLflow ..."):
            from ..tracking.run_list import latest
        found = latest(client, settings, most)
    if not found:
        console.show("There is no run yet; make one with: housing-admin train")
    else:
        console.table(_COLUMNS, [_cells(line) for line in found])
    console.give([asdict(line) for line in found])


def _cells(line: "RunLine") -> tuple[str, ...]:
    return (
        line.run_id,
        minute(line.started),
        line.model,
        line.preprocessing,
        number(line.rmse),
        number(line.cv_rmse),
        line.status.lower(),
        "yes" if line.bundle else "-",
        str(line.version or "-"),
    )
