"""What messages advise: it works as it is printed."""

import inspect
import re
import subprocess

import pytest

from admin.base.settings import Settings
from admin.command_list import CommandList
from admin.tracking.connection import connect, experiment_id
from admin.tracking.experiment import EXPERIMENT
from tests.admin.terminal.fake_terminal import ROOT, environment_of
from tests.support.commands import Say

SOURCES = [*ROOT.glob("admin/**/*.py"), *ROOT.glob("housing_grpc/**/*.py")]
DOCUMENTS = [ROOT / "README.md", *ROOT.glob("docs/*.md")]
ADVICE = re.compile(r"(?<![./\w-])(?:housing-admin|admin(?= [a-z]+ --)) ([a-z]+)((?: --[a-z_-]+)*)")
# Words that follow the name without being a command of it.
PROSE = {"is", "and", "has", "extra", "side", "needs", "would", "writes", "can"}


def advised() -> list[tuple[str, str, str]]:
    """Returns file, command and flags of every `housing-admin COMMAND` in texts."""
    return sorted(
        {
            (file.relative_to(ROOT).as_posix(), found[1], found[2])
            for file in (*SOURCES, *DOCUMENTS)
            for found in ADVICE.finditer(file.read_text())
            if found[1] not in PROSE
        }
    )


def test_every_command_that_is_advised_is_there() -> None:
    assert len(advised()) > 30
    unknown = []
    for file, command, flags in advised():
        method = getattr(CommandList, command, None)
        known = set(inspect.signature(method).parameters) if method else set()
        names = {flag[2:].replace("-", "_") for flag in flags.split()} - {"help", "debug"}
        if method is None or not (names <= known or "features" in known):
            unknown.append((file, command, flags))
    assert unknown == []


def test_a_deleted_experiment_is_restored_by_what_is_printed(here: Settings, say: Say) -> None:
    with connect(here) as client:
        client.delete_experiment(experiment_id(client, here))
    said = say("runs", code=4).err
    assert f"the MLflow experiment {EXPERIMENT!r} has been deleted; restore it with: " in said
    command = said.partition("restore it with: ")[2]
    variables = environment_of(here.home, MLFLOW_TRACKING_URI="")
    subprocess.run(["sh", "-c", command], env=variables, check=True, capture_output=True)
    assert "linear" in say("runs").out


@pytest.mark.parametrize("uri", ["postgresql://user:secret@127.0.0.1:1/x"])
def test_a_password_is_in_no_advice(say: Say, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert "secret" not in say("runs", code=4).err
