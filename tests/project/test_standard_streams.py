"""Every program with standard streams that are closed, or on a disk that is full."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from housing.v1.model_pb2 import ModelInfoRequest

from admin.tracking.connection import connect
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings as ServerSettings
from tests.admin.terminal.fake_terminal import environment_of
from tests.support import homes
from tests.support.examples import DATA, Example
from tests.support.homes import Trained
from tests.support.processes import ROOT, SECONDS
from tests.support.serving import connected, housing_server
from tests.support.waiting import until

FULL = Path("/dev/full")
# Those where standard output takes nothing, and all.
LOSING = [">&-", "<&- >&- 2>&-", ">/dev/full", ">&- 2>/dev/full"]
MODES = [*LOSING, "<&-", "2>&-", "2>/dev/full"]

# Each with its exit code where standard output takes what it has to say, and where it does not.
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
        # What MLflow has set in this process is not the home's.
        env=environment_of(home, MLFLOW_TRACKING_URI=""),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("command", PROGRAMS)
def test_the_exit_code_says_what_happened(tmp_path: Path, command: str, mode: str) -> None:
    done = shell(tmp_path, command, mode)
    assert done.returncode == PROGRAMS[command][mode in LOSING]
    assert "unexpected" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("mode", [">&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/full"])
def test_a_registry_is_opened_and_read(bare_home: Path, mode: str) -> None:
    before = (bare_home / "mlflow.db").read_bytes()
    done = shell(bare_home, "admin models", mode)
    assert done.returncode == (4 if mode in LOSING else 0)
    assert "unexpected" not in done.stderr
    # No library has written its words into it.
    assert (bare_home / "mlflow.db").read_bytes() == before


@pytest.mark.parametrize("mode", MODES)
def test_a_command_whose_result_is_elsewhere_succeeds(
    linear: Example, tmp_path: Path, mode: str
) -> None:
    prices = tmp_path / "prices.csv"
    with ExitStack() as stack:
        address = f"127.0.0.1:{housing_server(stack, linear.folder).port}"
        done = shell(tmp_path, f"housing_grpc.probe {address}", mode)
        assert done.returncode == 0, done.stderr
        # A house of the training data: nothing is said of it.
        scoring = f"clients.python score {DATA} {prices} --target {address}"
        done = shell(tmp_path, scoring, mode)
    assert done.returncode == 0, done.stderr
    assert prices.read_bytes().count(b"\n") == DATA.read_bytes().count(b"\n")


@pytest.mark.parametrize("mode", LOSING)
def test_prices_that_standard_output_does_not_take_are_lost(
    linear: Example, tmp_path: Path, mode: str
) -> None:
    with ExitStack() as stack:
        address = f"127.0.0.1:{housing_server(stack, linear.folder).port}"
        for command in ("predict RM=6.5", "info", f"score {DATA} -"):
            done = shell(tmp_path, f"clients.python {command} --target {address}", mode)
            assert done.returncode == 1, command
            if "2>" not in mode:
                assert "error: standard output cannot be written to: " in done.stderr


@pytest.mark.parametrize("mode", [">/dev/full", ">&-"])
def test_a_promotion_that_cannot_be_told_reloads_nonetheless(
    trained: Trained, tmp_path: Path, mode: str
) -> None:
    settings = homes.copy(trained.home, tmp_path / "home")
    with homes.embedded(), connect(settings) as records:
        register(records, settings.location, trained.run_id)
        promote(records, settings.location, 1)
        # With the same bundle, so that no gate is asked, which would have something to tell, too.
        name = settings.location.model_name
        (first,) = records.versions(name)
        records.create_model_version(name, first.source, first.run_id, dict(first.tags))
    home = str(settings.home)
    wanted = ServerSettings(grpc_port=0, housing_home=home, registry_timeout_seconds=60)
    with ExitStack() as stack:
        server = HousingServer(wanted)
        stack.callback(server.close, grace_seconds=0)
        server.start()
        command = f"admin promote 2 --reload 127.0.0.1:{server.port}"
        assert shell(settings.home, command, mode).returncode == 4
        client = connected(stack, server.port)
        assert client.models.ModelInfo(ModelInfoRequest()).version == "2"


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
