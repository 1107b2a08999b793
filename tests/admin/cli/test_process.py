"""The command line as a process of its own."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from admin.base.settings import Settings
from admin.tracking.connection import connect
from admin.tracking.records import promoted
from tests.admin.terminal.fake_terminal import ROOT, admin, environment_of, unmeasured
from tests.support.commands import Say
from tests.support.ports import free_port
from tests.support.waiting import SECONDS, until


def test_a_first_seed_says_nothing_but_json_on_standard_output(tmp_path: Path) -> None:
    done = admin(tmp_path / "home", "seed", "--model", "linear", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["version"], found["created"]) == ("1", True)
    assert done.stderr.splitlines() == [
        f"Setting up the embedded MLflow in {tmp_path}/home/ (some seconds, once) ...",
        "No version is promoted; training linear x v2_knn ...",
    ]


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "stopped by SIGTERM\n")],
)
def test_a_signal_ends_a_training(
    bare: Settings, number: signal.Signals, code: int, told: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "admin", "train", "--model", "random_forest", "--cv", "200"],
        cwd=ROOT,
        env=unmeasured(environment_of(bare.home)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with connect(bare) as client:
        # The experiment is made just before the training begins.
        until(lambda: client.get_experiment_by_name("housing-prices") is not None)
    process.send_signal(number)
    _, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (code, told)
    with connect(bare) as client:
        assert promoted(client, bare.location) is None


def test_the_pages_of_mlflow_are_served_to_this_machine_alone(ready: Settings) -> None:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "admin", "ui", "--port", str(port)],
        cwd=ROOT,
        env=environment_of(ready.home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    path = "/ajax-api/2.0/mlflow/experiments/get-by-name?experiment_name=housing-prices"
    try:
        found = _fetched(port, path)
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)
    assert found["experiment"]["name"] == "housing-prices"


def _fetched(port: int, path: str, seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        finally:
            connection.close()
        time.sleep(0.2)


def test_pages_that_a_server_has_are_named(monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@mlflow:5000")
    assert say("ui").out == "MLflow has its pages at http://mlflow:5000\n"


def test_a_reader_that_goes_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "admin", "--help"],
        cwd=ROOT,
        env=environment_of(tmp_path),
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")
