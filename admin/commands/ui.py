"""Opens MLflow's own pages."""

import os
import sys

from ..base import options
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console
from ..tracking import embedded_store
from .mlflow_session import open_mlflow

_HOST = "127.0.0.1"
_PORT = 5000


def run(console: Console, settings: Settings, *, port: Text = None) -> None:
    """Replace this process by an MLflow server for this machine alone.

    Args:
        console: Shows where the pages are.
        settings: Where MLflow keeps its data.
        port: TCP port to listen on.
    """
    number = options.whole(port, "--port", low=1, high=65535) or _PORT
    location = settings.location
    if location.tracking_uri.startswith("http"):
        console.show(f"MLflow has its pages at {location.shown_uri}")
        return
    # Made here, for the server would make a database that a kill leaves half made.
    with open_mlflow(console, settings):
        console.say(f"MLflow on http://{_HOST}:{number} (stop it with Ctrl-C)")
    command = [sys.executable, "-m", "mlflow", "server", "--host", _HOST, "--port", str(number)]
    command += ["--workers", "1", "--uvicorn-opts", "--log-level warning"]
    command += ["--default-artifact-root", embedded_store.artifact_root(settings).as_uri()]
    # Without it, the pages come with half a dozen idle processes.
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"
    # Not a flag, for the URI of a database may hold a password, and flags show in `ps`.
    os.environ["MLFLOW_BACKEND_STORE_URI"] = location.tracking_uri
    os.execv(sys.executable, command)  # noqa: S606 (a fixed command)
