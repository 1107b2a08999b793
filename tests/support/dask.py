"""A real Dask scheduler and real workers, each a process."""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import ROOT

SECONDS = 60


@pytest.fixture(scope="module")
def distributed() -> Any:
    return pytest.importorskip(
        "distributed", reason="Dask is not installed; it is in the dev extra"
    )


class Cluster:
    """A scheduler of a port of its own, and workers that can be added and killed."""

    def __init__(self, distributed: Any, stack: ExitStack, folder: Path) -> None:
        self._distributed = distributed
        self._stack = stack
        self._folder = folder
        told = folder / "scheduler.json"
        flags = ("--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))
        self._run("scheduler", *flags)
        self.address = _address(told)

    def worker(self, *, path: str = f"{ROOT}{os.pathsep}{ROOT / 'generated'}") -> Any:
        """Start one that trains one model at a time, without a nanny that would revive it."""
        flags = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        return self._run("worker", self.address, *flags, path=path)

    def wait_for(self, workers: int) -> None:
        """Wait until so many workers are there: how long they take to start is their affair."""
        with self._distributed.Client(self.address, timeout=SECONDS) as client:
            client.wait_for_workers(workers, timeout=SECONDS)

    def _run(self, *arguments: str, path: str = "") -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        process = subprocess.Popen(
            [*command, "--dashboard-address", ":0"] if arguments[0] == "scheduler" else command,
            # Neither the data nor the code lies in their working folder.
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait, SECONDS)
        self._stack.callback(process.kill)
        return process


def _address(file: Path) -> str:
    """Wait for the file that a scheduler writes once it listens; give the address in it."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            return str(json.loads(file.read_text())["address"])
        except (FileNotFoundError, ValueError):
            time.sleep(0.1)
    raise AssertionError("the scheduler does not start")


@pytest.fixture
def dask(distributed: Any, tmp_path: Path, stack: ExitStack) -> Cluster:
    return Cluster(distributed, stack, tmp_path)
