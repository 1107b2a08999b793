"""Every program with standard streams that are closed, or on a disk that is full."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.admin.terminal.fake_terminal import environment_of
from tests.support.examples import Example
from tests.support.processes import ROOT, SECONDS
from tests.support.waiting import until

FULL = Path("/dev/full")
MODES = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">&- 2>/dev/full"]

# Each with its exit code, where what it has to say is said on standard output, and where not.
PROGRAMS = {
    "admin --help": (0, 4),
    "admin --version": (0, 4),
    "admin train --help": (0, 4),
    "admin nonsense": (2, 2),
    "admin info --target 127.0.0.1:1": (5, 5),
    "housing_grpc --version": (0, 1),
    "housing_grpc --help": (0, 1),
    "housing_grpc --grpc-port none": (2, 2),
    "housing_grpc.up --help": (0, 1),
    "housing_grpc.rest --help": (0, 1),
    "housing_grpc.probe 127.0.0.1:1": (1, 1),
    "clients.python --help": (0, 1),
    "clients.python info --target 127.0.0.1:1 --timeout 2": (3, 3),
}

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")


def shell(home: Path, command: str, mode: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m {command} {mode}"],
        cwd=ROOT,
        env=environment_of(home),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("command", PROGRAMS)
def test_the_exit_code_says_what_happened(tmp_path: Path, command: str, mode: str) -> None:
    done = shell(tmp_path, command, mode)
    assert done.returncode == PROGRAMS[command]["/dev/full" in mode and mode.startswith(">/")]
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("mode", ["<&- >&- 2>&-", "2>/dev/full", ">/dev/full"])
def test_a_registry_is_opened_and_read(bare_home: Path, mode: str) -> None:
    before = (bare_home / "mlflow.db").read_bytes()
    done = shell(bare_home, "admin models", mode)
    assert done.returncode == (4 if mode == ">/dev/full" else 0)
    assert "unexpected" not in done.stderr
    # No library has written its words into it.
    assert (bare_home / "mlflow.db").read_bytes() == before


@pytest.mark.parametrize("mode", [">/dev/full", ">&-", "2>/dev/full", "<&- >&- 2>&-"])
@pytest.mark.parametrize("program", ["housing_grpc", "housing_grpc.rest"])
def test_a_server_serves(linear: Example, tmp_path: Path, program: str, mode: str) -> None:
    ready = tmp_path / "ready"
    # What it says has nowhere to go; that it lives is seen by how it ends.
    code = (
        "import os, signal, sys, threading\n"
        "from housing_grpc import process\n"
        "from housing_grpc.base import standard_streams\n"
        "tell = standard_streams.tell\n"
        "def told(text):\n"
        "    tell(text)\n"
        f"    open({str(ready)!r}, 'w').close()\n"
        "standard_streams.tell = told\n"
        "import runpy; runpy.run_module(sys.argv.pop(), run_name='__main__')\n"
    )
    (tmp_path / "run.py").write_text(code)
    variables = {
        "BUNDLE_DIR": str(linear.folder),
        "GRPC_PORT": "0",
        "API_PORT": "0",
        "METRICS_PORT": "0",
    }
    command = f"exec {sys.executable} {tmp_path}/run.py {program} {mode}"
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=ROOT,
        env=environment_of(tmp_path, **variables),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        until(lambda: ready.exists() or server.poll() is not None)
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=SECONDS)
    assert server.returncode == 0, said
    assert "Traceback" not in said
