"""A real MLflow server on this machine."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import SECONDS, until


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Serves what a folder holds, or an MLflow that holds nothing; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", str(port), "--artifacts-destination", str(folder / "files")]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with subprocess.Popen(
        command,
        env={**os.environ, **quiet},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Its workers are processes of their own.
        start_new_session=True,
    ) as process:
        try:
            until(lambda: _answers(port))
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=SECONDS):
            return True
    except OSError:
        return False
