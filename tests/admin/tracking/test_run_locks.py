"""What is left of a training whose process was ended from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from admin import cli
from admin.base.settings import Settings
from admin.tracking.connection import connect, experiment_id
from admin.tracking.run_locks import end_dead_runs
from admin.tracking.run_log import run
from admin.tracking.tags import LOCK_TAG
from tests.admin.terminal.fake_terminal import ROOT, environment_of, unmeasured
from tests.support.waiting import SECONDS

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

# A run that is open, and goes on for longer than any test.
_OPEN = """
import sys, time
from admin.terminal import stopping
from admin.tracking.connection import connect, experiment_id
from admin.base.settings import from_environment
from admin.tracking.run_log import run
stopping.prepare()
settings = from_environment()
with connect(settings) as client:
    with run(client, experiment_id(client, settings), "name", home=settings.home) as run_id:
        client.log_param(run_id, "model", "linear")
        print(run_id, flush=True)
        time.sleep(600)
"""


def opened(settings: Settings) -> "tuple[subprocess.Popen[str], str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _OPEN],
        cwd=ROOT,
        env=unmeasured(environment_of(settings.home)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def ended(process: "subprocess.Popen[str]", number: signal.Signals) -> int:
    with process:
        process.send_signal(number)
        try:
            process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    return process.returncode


def test_a_run_that_goes_on_is_left_and_one_that_was_killed_is_told(
    bare: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(bare.home))
    process, run_id = opened(bare)
    with connect(bare) as client:
        experiment = experiment_id(client, bare)
        assert end_dead_runs(client, experiment, bare.home) == []
        assert client.get_run(run_id).info.status == "RUNNING"
        assert ended(process, signal.SIGKILL) == -signal.SIGKILL
        assert client.get_run(run_id).info.status == "RUNNING"
        assert cli.main(["runs", "--json"]) == 0
        [line] = json.loads(capsys.readouterr().out)
        assert (line["run_id"], line["status"]) == (run_id, "KILLED")
        assert list((bare.home / "running").iterdir()) == []


def test_a_run_that_is_told_to_stop_says_so_itself(bare: Settings) -> None:
    process, run_id = opened(bare)
    ended(process, signal.SIGTERM)
    with connect(bare) as client:
        assert client.get_run(run_id).info.status == "KILLED"


def test_a_lock_that_has_no_run_yet_is_left_while_it_is_young(
    bare_client: "Client", bare: Settings
) -> None:
    experiment = experiment_id(bare_client, bare)
    folder = bare.home / "running"
    folder.mkdir()
    for name, age in (("young", 0), ("old", 3600)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age, time.time() - age))
    assert end_dead_runs(bare_client, experiment, bare.home) == []
    assert [file.name for file in folder.iterdir()] == ["young"]


def test_a_run_of_another_machine_is_left(bare_client: "Client", bare: Settings) -> None:
    experiment = experiment_id(bare_client, bare)
    there = bare_client.create_run(experiment, tags={LOCK_TAG: "of-another-home"})
    with run(bare_client, experiment, "name", home=bare.home):
        assert end_dead_runs(bare_client, experiment, bare.home) == []
    assert bare_client.get_run(there.info.run_id).info.status == "RUNNING"
