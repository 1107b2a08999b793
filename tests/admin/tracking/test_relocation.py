"""A home that was moved or copied: it works where it is, and nothing is done where it was."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking.connection import connect, experiment_id
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.moved_home import recorded_artifacts
from housing_grpc.registry.registry_source import RegistrySource
from tests.admin.tracking.test_home_names import SPECIAL
from tests.support.homes import settings_of


def fetched(home: Path) -> Path:
    """Fetches the promoted bundle as a server of that home does; returns its folder."""
    source = RegistrySource(settings_of(home).location, home / "bundles", 60, children=Children())
    return source.fetch(Target()).folder


def note(settings: Settings, text: str) -> list[str]:
    """Writes a note into a new run, and reads all that are there; returns what is said."""
    said: list[str] = []
    with connect(settings, said.append) as client:
        run = client.create_run(experiment_id(client, settings)).info.run_id
        client.log_text(run, text, "note.txt")
        assert client.list_artifacts(run)[0].path == "note.txt"
    return said


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Sees to it that nothing in a folder is changed."""

    def state() -> dict[Path, str]:
        files = filter(Path.is_file, folder.rglob("*"))
        return {file: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}

    before = state()
    yield
    assert state() == before


def test_a_home_that_was_moved_goes_on_where_it_is(home: Path) -> None:
    there = home.rename(home.with_name(SPECIAL))
    assert (fetched(there) / "metadata.json").is_file()
    said = note(settings_of(there), "of the moved one")
    assert said == [f"{there} was moved or copied from {home}; MLflow names it now."]
    assert note(settings_of(there), "again") == []
    assert len(list(there.rglob("note.txt"))) == 2
    assert not home.exists()
    shutil.rmtree(there / "bundles")
    assert (fetched(there) / "metadata.json").is_file()


def test_a_copy_writes_and_reads_nothing_of_the_original(home: Path) -> None:
    there = Path(shutil.copytree(home, home.with_name("second")))
    with untouched(home):
        note(settings_of(there), "of the copy")
    assert len(list(there.rglob("note.txt"))) == 1
    with untouched(there):
        assert note(settings_of(home), "of the original") == []
    shutil.rmtree(home)
    assert (fetched(there) / "metadata.json").is_file()


def test_a_server_reads_the_copy_and_not_the_original(home: Path) -> None:
    there = Path(shutil.copytree(home, home.with_name("second")))
    for bundle in (home / "artifacts").rglob("bundle"):
        shutil.rmtree(bundle)
    with untouched(there / "artifacts"):
        assert (fetched(there) / "metadata.json").is_file()
    assert recorded_artifacts(there / "mlflow.db") == home / "artifacts"


def test_files_that_were_not_copied_are_read_where_they_are(home: Path) -> None:
    there = home.with_name("second")
    there.mkdir()
    shutil.copyfile(home / "mlflow.db", there / "mlflow.db")
    with untouched(home):
        note(settings_of(there), "of the copy")
        assert (fetched(there) / "metadata.json").is_file()
    assert len(list(there.rglob("note.txt"))) == 1


def test_a_second_name_of_the_same_folder_is_no_move(home: Path) -> None:
    link = home.with_name("link")
    link.symlink_to(home)
    with untouched(home):
        with connect(settings_of(link), pytest.fail):
            pass
        assert (fetched(link) / "metadata.json").is_file()
        shutil.rmtree(home / "bundles")


def test_a_registry_elsewhere_says_nothing_about_this_home(home: Path, tmp_path: Path) -> None:
    uri, other = settings_of(home).location.tracking_uri, tmp_path / "other"
    with untouched(home), connect(settings_of(other, uri=uri), pytest.fail):
        pass


def test_one_that_cannot_be_told_says_so(home: Path) -> None:
    there = home.rename(home.with_name("second"))
    with closing(sqlite3.connect(there / "mlflow.db")) as database, database:
        database.execute(
            "CREATE TRIGGER no BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'disk I/O'); END"
        )
    with (
        untouched(there / "artifacts"),
        pytest.raises(RegistryError, match="disk I/O"),
        connect(settings_of(there)),
    ):
        pass
    assert recorded_artifacts(there / "mlflow.db") == home / "artifacts"
