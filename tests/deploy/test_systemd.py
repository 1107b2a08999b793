"""The systemd units, as systemd itself reads them."""

import sys
from pathlib import Path

import pytest

from admin import cli
from admin.base.errors import NothingToDoError
from tests.integration.toolchain import need
from tests.support.commands import saying
from tests.support.processes import ROOT, outcome

UNITS = ROOT / "deploy/systemd"
PROGRAM = "/opt/housing/bin/housing-admin"


@pytest.mark.integration
def test_systemd_knows_every_setting(tmp_path: Path) -> None:
    program = need("systemd-analyze", "systemd")
    for unit in UNITS.iterdir():
        # Any program that is there.
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, sys.executable))
    timer = tmp_path / "housing-retrain.timer"
    done = outcome([program, "verify", "--man=no", str(timer), str(timer.with_suffix(".service"))])
    said = [line for line in done.stderr.splitlines() if "housing" in line]
    assert (done.returncode, said) == (0, [])


def test_the_service_asks_with_flags_that_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    lines = (UNITS / "housing-retrain.service").read_text().splitlines()
    (command,) = (line.removeprefix("ExecStart=") for line in lines if "ExecStart" in line)
    assert command.startswith(f"{PROGRAM} ")
    assert f"SuccessExitStatus={NothingToDoError.exit_code}" in lines
    said = saying(cli.main, capsys)(*command.split()[1:], code=4)
    assert "has no version yet" in said.err
