"""The backup of an embedded MLflow: whole, taken and given back while it is in use."""

import gzip
import io
import json
import shutil
import sqlite3
import tarfile
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from admin.base.errors import AdminError, RegistryError, UsageError
from admin.tracking import backup, run_log
from admin.tracking.backup import Summary
from admin.tracking.connection import connect, experiment_id
from admin.tracking.promotion import promote
from admin.tracking.run_locks import end_dead_runs
from tests.admin.tracking.test_relocation import fetched, untouched
from tests.support.commands import Say
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of
from tests.support.registry_server import info, reload, started

HELD = Summary(runs=1, versions=1, promoted=1)


@pytest.fixture
def saved(home: Path, tmp_path: Path) -> Path:
    """A backup of the home."""
    file = tmp_path / "saved.tar.gz"
    assert backup.write(settings_of(home), file) == HELD
    return file


def test_what_was_saved_is_served_elsewhere(home: Path, saved: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    with untouched(home):
        assert backup.restore(settings_of(there), saved, replace=False) == HELD
        with connect(settings_of(there), pytest.fail) as client:
            experiment = client.get_experiment(experiment_id(client, settings_of(there)))
            assert experiment.artifact_location == (there / "artifacts/housing-prices").as_uri()
    shutil.rmtree(home)
    assert (fetched(there) / "metadata.json").is_file()
    assert not list(there.glob(".restore*"))


def test_a_server_goes_on_while_its_registry_is_replaced(
    home: Path, saved: Path, stack: ExitStack
) -> None:
    settings = settings_of(home)
    with connect(settings) as client:
        version = client.get_model_version(MODEL_NAME, "1")
        client.create_model_version(MODEL_NAME, source=str(version.source), tags=version.tags)
        promote(client, settings.location, 2)
    live = started(stack, settings.location.tracking_uri, home)
    assert info(live).version == "2"
    # Open all the time, as MLflow's pages have it.
    with closing(sqlite3.connect(home / "mlflow.db")) as reader:
        assert backup.restore(settings, saved, replace=True) == HELD
        assert reader.execute("SELECT COUNT(*) FROM model_versions").fetchone() == (1,)
    assert info(live).version == "2"
    assert reload(live).version == "1"


def test_a_run_that_went_on_is_seen_to_be_dead(home: Path, tmp_path: Path) -> None:
    settings, file, there = settings_of(home), tmp_path / "saved", tmp_path / "there"
    with connect(settings) as client:
        experiment = experiment_id(client, settings)
        with run_log.run(client, experiment, "long", home=home) as run:
            backup.write(settings, file)
            with pytest.raises(RegistryError, match="a training goes on"):
                backup.restore(settings, file, replace=True)
    backup.restore(settings_of(there), file, replace=False)
    with connect(settings_of(there)) as client:
        assert client.get_run(run).info.status == "RUNNING"
        assert end_dead_runs(client, experiment, there) == [run]


def test_nothing_is_overwritten_unasked(home: Path, saved: Path) -> None:
    with untouched(home.parent):
        with pytest.raises(UsageError, match="is there already; name another"):
            backup.write(settings_of(home), saved)
        with pytest.raises(UsageError, match="holds a registry already; --replace has"):
            backup.restore(settings_of(home), saved, replace=False)


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    found.size = 4 if kind == tarfile.REGTYPE else 0
    return found


def rewritten(saved: Path, *more: tarfile.TarInfo) -> bytes:
    """Returns the archive with further entries."""
    packed = io.BytesIO()
    with tarfile.open(saved) as old, tarfile.open(fileobj=packed, mode="w:gz") as new:
        for found in old:
            new.addfile(found, old.extractfile(found))
        for added in more:
            new.addfile(added, io.BytesIO(b"evil"))
    return packed.getvalue()


def flipped(saved: Path) -> bytes:
    data = bytearray(saved.read_bytes())
    data[len(data) // 2] ^= 1
    return bytes(data)


def without_database(_: Path) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as new:
        new.addfile(entry("mlflow.db"), io.BytesIO(b"evil"))
    return packed.getvalue()


def added(*more: tarfile.TarInfo) -> Callable[[Path], bytes]:
    return lambda saved: rewritten(saved, *more)


HOSTILE: dict[str, Callable[[Path], bytes]] = {
    "absolute": added(entry("/tmp/evil")),  # noqa: S108 - never written
    "above": added(entry("artifacts/../../evil")),
    "above by itself": added(entry("..")),
    "nameless": added(entry("")),
    "elsewhere": added(entry("bundles/evil")),
    "the folder": added(entry("artifacts")),
    "below the database": added(entry("mlflow.db/evil")),
    "a journal": added(entry("mlflow.db-journal")),
    "twice": added(entry("artifacts/evil"), entry("artifacts/evil")),
    "below a file": added(entry("artifacts/evil"), entry("artifacts/evil/evil")),
    "a link": added(entry("artifacts/link", tarfile.SYMTYPE, "/etc/passwd")),
    "through a link": added(
        entry("artifacts/link", tarfile.SYMTYPE, "/"), entry("artifacts/link/evil")
    ),
    "a hard link": added(entry("artifacts/link", tarfile.LNKTYPE, "mlflow.db")),
    "a device": added(entry("artifacts/device", tarfile.CHRTYPE)),
    "a pipe": added(entry("artifacts/pipe", tarfile.FIFOTYPE)),
    "cut": lambda saved: saved.read_bytes()[:-100],
    "cut before the sum": lambda saved: saved.read_bytes()[:-4],
    "a bit": flipped,
    "no archive": lambda _: b"evil" * 1000,
    "no tar": lambda _: gzip.compress(b"evil" * 1000),
    "empty": lambda _: b"",
    "no database": without_database,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_or_damaged_archive_changes_nothing(
    home: Path, saved: Path, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "hostile.tar.gz"
    file.write_bytes(HOSTILE[kind](saved))
    with untouched(tmp_path), pytest.raises(AdminError, match=r"hostile\.tar\.gz|no space"):
        backup.restore(settings_of(home), file, replace=True)
    assert not list(tmp_path.rglob("evil"))
    assert not list(home.glob(".restore*"))


def test_entries_are_not_held(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.open(packed, "wb") as file:
        for number in range(12_000):
            file.write(entry(f"artifacts/{number}").tobuf() + b"evil".ljust(512))
        file.write(entry("elsewhere").tobuf())
    (tmp_path / "many.tar.gz").write_bytes(packed.getvalue())

    def restored() -> None:
        with pytest.raises(UsageError, match="elsewhere"):
            backup.restore(settings_of(tmp_path / "new"), tmp_path / "many.tar.gz", replace=False)

    # The interpreter's own table of names of files may grow the first time.
    restored()
    tracemalloc.start()
    restored()
    (_, most) = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Each would take some 450 bytes.
    assert most < 2**20 * 4, most


def test_a_header_of_gigabytes_is_not_read(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "headers.tar.gz"
    for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
        long = entry("long", kind)
        long.size = 2**33
        file.write_bytes(gzip.compress(long.tobuf(tarfile.GNU_FORMAT) + bytes(2**22)))
        with pytest.raises(UsageError, match="a header in it is too large"):
            backup.restore(settings_of(home), file, replace=True)


MOVED = "CREATE TRIGGER moved AFTER UPDATE ON runs BEGIN SELECT 1; END"
FOUND = "CREATE VIRTUAL TABLE found USING fts5(x)"
SCHEMA = "PRAGMA writable_schema = ON; UPDATE sqlite_master SET"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW endless AS SELECT 1",
        MOVED,
        FOUND,
        # SQLite takes a kind in capitals, and blanks and comments, as well.
        f"CREATE VIEW endless AS SELECT 1; {SCHEMA} type = 'VIEW' WHERE name = 'endless'",
        f"{MOVED}; {SCHEMA} type = 'Trigger' WHERE name = 'moved'",
        f"{FOUND}; {SCHEMA} sql = 'CREATE /**/' || substr(sql, 8) WHERE name = 'found'",
        # Each row that is checked is compared, which may take years.
        "CREATE TABLE slow (a CHECK (a LIKE '%a%a%b'))",
        "CREATE TABLE slow (a CHECK (\"like\" ('%a%a%b', a)))",
        "CREATE TABLE slow (a, b AS (replace /**/ (a, 'a', 'aa')))",
        "CREATE TABLE slow (a); CREATE INDEX slower ON slow (length(hex(zeroblob(a))))",
    ],
)
def test_a_database_that_does_something_is_not_taken(
    home: Path, tmp_path: Path, statement: str
) -> None:
    other, file = tmp_path / "mlflow.db", tmp_path / "hostile.tar.gz"
    shutil.copy(home / "mlflow.db", other)
    with closing(sqlite3.connect(other)) as database:
        database.executescript(statement)
        database.commit()
    with tarfile.open(file, "w:gz") as archive:
        archive.add(other, "mlflow.db")
    with (
        untouched(home),
        pytest.raises(UsageError, match="a database with a view, a trigger or a function"),
    ):
        backup.restore(settings_of(home), file, replace=True)


def test_a_file_larger_than_the_disk_is_not_begun(home: Path, tmp_path: Path) -> None:
    huge = entry("artifacts/huge")
    huge.size = 2**60
    file = tmp_path / "huge.tar.gz"
    file.write_bytes(gzip.compress(huge.tobuf() + bytes(10240)))
    with pytest.raises(RegistryError, match=f"{2**60:,} bytes are needed"):
        backup.restore(settings_of(home), file, replace=True)


def test_the_commands_say_what_the_file_holds(
    home: Path, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSING_HOME", str(home))
    file = tmp_path / "saved.tar.gz"
    said = say("backup", file).out
    assert said.endswith(f": 1 runs, 1 versions of {MODEL_NAME}; production is version 1.\n")
    assert say("backup", file, code=2).err.startswith(f"error: {file} is there already")
    assert "--replace" in say("restore", file, code=2).err
    assert json.loads(say("restore", "--replace", "--json", file).out) == {
        "home": str(home),
        "runs": 1,
        "versions": 1,
        "promoted": "1",
    }
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path / "new"))
    assert "make a model first" in say("backup", tmp_path / "other", code=4).err
    assert "is not there" in say("restore", tmp_path / "other", code=2).err
    assert say("restore", file).err == "To serve it: housing-admin reload, or start a server\n"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@mlflow:5000")
    for command in ("backup", "restore"):
        refused = say(command, file if command == "restore" else tmp_path / "x", code=2).err
        assert "MLflow is at http://mlflow:5000, and not below HOUSING_HOME" in refused


def test_a_backup_that_cannot_be_written_leaves_nothing(home: Path, tmp_path: Path) -> None:
    with untouched(tmp_path), pytest.raises(RegistryError, match="No such file or directory"):
        backup.write(settings_of(home), tmp_path / "no" / "folder" / "x")
