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

from admin import cli
from admin.base.settings import Settings
from admin.tracking.client import connect
from admin.tracking.versions import promoted
from tests.admin.terminal.fake_terminal import ROOT, admin, environment_of
from tests.support.ports import free_port
from tests.support.waiting import SECONDS


def test_a_first_seed_says_nothing_but_json_on_standard_output(tmp_path: Path) -> None:
    done = admin(tmp_path / "home", "seed", "--model", "linear", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["version"], found["created"]) == (1, True)
    assert done.stderr.splitlines() == [
        f"Setting up the embedded MLflow in {tmp_path}/home/ (some seconds, once) ...",
        "No version is promoted; training linear x v2_knn ...",
    ]


def test_an_interrupt_ends_a_training_with_130(bare: Settings) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "admin", "train", "--model", "random_forest", "--cv", "200"],
        cwd=ROOT,
        env=environment_of(bare.home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The experiment is made just before the training begins.
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connect(bare) as client:
            if client.get_experiment_by_name("housing-prices"):
                break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=SECONDS)
    assert (process.returncode, error) == (130, "interrupted\n")
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


def test_pages_that_a_server_has_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@mlflow:5000")
    assert cli.main(["ui"]) == 0
    assert capsys.readouterr().out == "MLflow has its pages at http://mlflow:5000\n"


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
