"""A disk that runs full: nothing is there by half, and the message says what is needed where."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin import cli
from admin.base.settings import Settings
from admin.tracking.connection import connect
from admin.tracking.registry import register
from housing_grpc.bundle import format as bundle_format
from tests.admin.small_disk import SmallDisk, mounted
from tests.admin.terminal.fake_terminal import admin
from tests.support.commands import Say
from tests.support.examples import DATA, Example
from tests.support.homes import Trained, copy

TRAIN = ["train", "--model", "random_forest", "--preprocessor", "v1_median", "--data", str(DATA)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", "3m") as disk:
        yield disk


@pytest.fixture
def home(disk: SmallDisk, bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An MLflow on the small disk that holds nothing."""
    return _home(disk, bare_home, monkeypatch)


@pytest.fixture
def trained_home(disk: SmallDisk, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An MLflow on the small disk that holds the run of `trained`."""
    return _home(disk, trained.home, monkeypatch)


def _home(disk: SmallDisk, source: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = copy(source, disk.folder / "home")
    monkeypatch.setenv("HOUSING_HOME", str(settings.home))
    return settings


def complaint(capsys: pytest.CaptureFixture[str], path: Path) -> str:
    """The one line that was said, which has the path and the bytes."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith(f"error: {path}")
    assert re.search(r"[Nn]o space left on .*, (up to )?[\d,]+ bytes are needed", said)
    assert "free some space and run this again" in said
    return said


def statuses(settings: Settings) -> list[str]:
    with connect(settings) as client:
        experiment = client.get_experiment_by_name("housing-prices")
        assert experiment is not None
        return [run.info.status for run in client.search_runs([experiment.experiment_id])]


def versions_of(settings: Settings) -> list[int]:
    with connect(settings) as client:
        return [version.number for version in client.versions(settings.location.model_name)]


def test_a_training_on_a_full_scratch_disk(
    disk: SmallDisk,
    bare: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(bare.home))
    monkeypatch.setattr(tempfile, "tempdir", str(disk.folder))
    disk.fill(free=100_000)
    assert cli.main([*TRAIN, "--register"]) == 4
    complaint(capsys, disk.folder)
    assert statuses(bare) == ["FAILED"]
    assert versions_of(bare) == []
    assert [file.name for file in disk.folder.iterdir()] == ["filler"]


@pytest.mark.integration
def test_a_training_whose_artifacts_find_no_space(
    disk: SmallDisk, home: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*TRAIN, "--register"]) == 4
    complaint(capsys, disk.folder)
    disk.grow()
    assert versions_of(home) == []
    assert cli.main([*TRAIN, "--register"]) == 0
    # There may have been no space to note the failure; then the next training has done so.
    assert statuses(home) in (["FINISHED", "FAILED"], ["FINISHED", "KILLED"])
    assert versions_of(home) == [1]


def test_a_registration_whose_database_finds_no_space(
    disk: SmallDisk,
    trained_home: Settings,
    trained: Trained,
    capsys: pytest.CaptureFixture[str],
) -> None:
    disk.fill()
    assert cli.main(["register", trained.run_id]) == 4
    complaint(capsys, trained_home.home / "mlflow.db")
    disk.grow()
    assert versions_of(trained_home) == []
    with connect(trained_home) as client:
        assert register(client, trained_home.location, trained.run_id).created


def test_a_first_start_that_finds_no_space(
    disk: SmallDisk, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(disk.folder / "home"))
    disk.fill(free=200_000)
    line = say("seed", code=4).err.splitlines()[-1]
    assert line.startswith(f"error: {disk.folder}/home")
    assert "bytes are needed" in line
    assert not list((disk.folder / "home").glob("*.db"))
    disk.grow()
    # A process of its own: this one has the database open that was given up.
    assert admin(disk.folder / "home", "seed", "--model", "linear").returncode == 0


def test_a_bundle_that_finds_no_space_leaves_nothing(disk: SmallDisk, forest: Example) -> None:
    found = bundle_format.read(forest.folder)
    disk.fill(free=20_000)
    before = sorted(disk.folder.iterdir())
    with pytest.raises(OSError, match=r"No space left on device, \d+ bytes are needed") as caught:
        bundle_format.write(disk.folder / "bundle", found.metadata, found.blobs)
    assert caught.value.filename == str(disk.folder / "bundle")
    assert sorted(disk.folder.iterdir()) == before
