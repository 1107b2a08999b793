"""MLflow on PostgreSQL and an S3 store, or the embedded one, and commands that use it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.integration import daemons
from tests.integration.daemon import Daemon
from tests.support import waiting
from tests.support.client import Client
from tests.support.processes import ROOT, outcome, started
from tests.support.serving import connected

Store = Callable[[Path], tuple[Daemon, str]]

STORES: dict[str, Store] = {"minio": daemons.minio, "seaweedfs": daemons.seaweedfs}
SECONDS = waiting.SECONDS


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Where models are kept.

    Attributes:
        variables: What the server and the admin CLI read.
        daemons: By name: "postgres", "store" and "mlflow"; none if it is embedded.
        endpoint: Of the S3 store, or "".
    """

    variables: Mapping[str, str]
    daemons: Mapping[str, Daemon]
    endpoint: str

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the admin CLI."""
        paths = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return outcome(
            [sys.executable, "-m", "admin", *arguments],
            env={**inherited, "PYTHONPATH": paths, **self.variables},
        )

    def told(self, *arguments: str) -> Any:
        """Runs a command of the admin CLI that must succeed; returns what it says as JSON."""
        done = self.admin(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def train(self, preprocessor: str = "v1_median") -> int:
        """Trains a linear model and registers it; returns its version."""
        trained = self.told("train", "--model=linear", f"--preprocessor={preprocessor}")
        return int(self.told("register", trained["run_id"])["version"])

    @contextmanager
    def serving(self, home: Path) -> Iterator[Client]:
        """Runs a server process with its bundle cache in a folder of its own."""
        variables = {**self.variables, "GRPC_PORT": "0", "LOG_FORMAT": "json"}
        if self.daemons:
            variables["HOUSING_HOME"] = str(home)
        command = ["-m", "housing_grpc"]
        with (
            started(command, **variables, METRICS_ENABLED="false") as process,
            ExitStack() as stack,
        ):
            yield connected(stack, int(process.event("server.serving")["port"]))


@contextmanager
def embedded() -> Iterator[Stack]:
    """Gives the default: files in a folder."""
    folder = daemons.scratch()
    try:
        yield Stack(variables={"HOUSING_HOME": str(folder)}, daemons={}, endpoint="")
    finally:
        daemons.remove(folder)


@contextmanager
def real(store: Store) -> Iterator[Stack]:
    """Gives PostgreSQL, a store with a bucket, and MLflow's server on both."""
    with ExitStack() as stack:
        database, uri = _run(stack, daemons.postgres)
        objects, endpoint = _run(stack, store)
        subprocess.run(
            [sys.executable, ROOT / "deploy/mlflow/create_bucket.py"],
            env={**os.environ, **daemons.s3_variables(endpoint)},
            check=True,
        )
        server, tracking = _run(
            stack, lambda folder: daemons.mlflow(folder, database=uri, endpoint=endpoint)
        )
        home = daemons.scratch()
        stack.callback(daemons.remove, home)
        yield Stack(
            variables={"MLFLOW_TRACKING_URI": tracking, "HOUSING_HOME": str(home)},
            daemons={"postgres": database, "store": objects, "mlflow": server},
            endpoint=endpoint,
        )


def _run(stack: ExitStack, make: Store) -> tuple[Daemon, str]:
    folder = daemons.scratch()
    stack.callback(daemons.remove, folder)
    daemon, address = make(folder)
    stack.callback(daemon.stop)
    daemon.start()
    return daemon, address
