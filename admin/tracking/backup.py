"""Writes the embedded MLflow to one file, and back from it, while it is in use.

Such a file is a tar archive (gzip) with the database, the artifacts, and the locks of runs that
went on, which are seen to be dead where it is restored. It is written in that order: what the
database names is on the disk before the database names it.
"""

import gzip
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from housing_grpc.registry.error_causes import disk_is_full
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.moved_home import ARTIFACTS

from ..base.errors import RegistryError, UsageError
from ..base.settings import Settings
from . import disk_space, embedded_store, relocation, run_locks, sqlite_safety

_FOLDERS = (ARTIFACTS, run_locks.FOLDER)
_CHUNK = 2**20
# What reading an archive raises; the last two, where a name comes twice or is below a file.
_DAMAGED = (
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    ValueError,
    FileExistsError,
    NotADirectoryError,
)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a backup holds.

    Attributes:
        runs: Number of runs.
        versions: Number of versions of the registered model.
        promoted: The one that the alias names, or None.
    """

    runs: int
    versions: int
    promoted: int | None


def write(settings: Settings, file: Path) -> Summary:
    """Write a backup; the file is there whole, or not at all.

    Args:
        settings: Where MLflow is.
        file: To write; must not exist yet.

    Raises:
        UsageError: It exists, or MLflow is not the embedded one.
        RegistryError: There is nothing to back up yet, or it cannot be read, or written.
    """
    database = _database(settings)
    if file.exists():
        raise UsageError(f"{file} is there already; name another file")
    if not embedded_store.is_ready(database):
        raise RegistryError(f"{database} is not there yet; make a model first: housing-admin seed")
    with (
        _explained(file.parent, disk_space.size(settings.home)),
        tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as scratch,
    ):
        snapshot, packed = Path(scratch, database.name), Path(scratch, "packed")
        with closing(_opened(database)) as live, closing(sqlite3.connect(snapshot)) as copy:
            live.backup(copy)
        with packed.open("wb") as out, tarfile.open(fileobj=out, mode="w:gz") as archive:
            _add(archive, snapshot, database.name)
            for name in _FOLDERS:
                _add_folder(archive, settings.home / name, name)
        with packed.open("rb") as written:
            os.fsync(written.fileno())
        packed.replace(file)
        return _summary(snapshot, settings.location)


def restore(settings: Settings, file: Path, *, replace: bool) -> Summary:
    """Take the state of a backup; servers and MLflow's pages may go on meanwhile.

    Whatever ends it, the database is the old one or that of the backup. Files of runs that the
    backup does not know stay.

    Args:
        settings: Where MLflow is to be.
        file: That `write` has written.
        replace: Whether it may take the place of a registry that is there.

    Raises:
        UsageError: The file is no backup, or there is a registry, or MLflow is not the embedded
            one.
        RegistryError: A run goes on, or the home cannot be written to.
    """
    database, home = _database(settings), settings.home
    if not file.is_file():
        raise UsageError(f"{file} is not there; name one that `housing-admin backup` has written")
    with _explained(home, disk_space.DATABASE_BYTES):
        home.mkdir(parents=True, exist_ok=True)
        with (
            embedded_store.locked(embedded_store.lock_of(database)),
            _scratch(home / ".restore") as scratch,
        ):
            _check_free(database, home, replace=replace)
            _unpack(file, scratch, database.name)
            _check_database(scratch / database.name, file)
            for name in _FOLDERS:
                _move_files(scratch / name, home / name)
            _take_database(scratch / database.name, database, home / ARTIFACTS)
    return _summary(database, settings.location)


def _database(settings: Settings) -> Path:
    file = settings.location.sqlite_file
    if file is None or file.parent != settings.home:
        raise UsageError(
            f"MLflow is at {settings.location.shown_uri}, and not below HOUSING_HOME: use what"
            " that database and its artifact store have for backups, or unset MLFLOW_TRACKING_URI"
        )
    return file


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)


# --- Writing ---------------------------------------------------------------------------------


def _add_folder(archive: tarfile.TarFile, folder: Path, name: str) -> None:
    # By way of links: what lies on another disk belongs to it.
    for above, _, files in os.walk(folder, followlinks=True):
        for each in sorted(files):
            path = Path(above, each)
            _add(archive, path, f"{name}/{path.relative_to(folder).as_posix()}")


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    if not path.is_file():
        return
    try:
        with path.open("rb") as content:
            entry = tarfile.TarInfo(name)
            entry.size = os.fstat(content.fileno()).st_size
            entry.mtime = int(path.stat().st_mtime)
            archive.addfile(entry, content)
    except FileNotFoundError:
        return  # A lock of a run that has ended meanwhile.


# --- Reading ---------------------------------------------------------------------------------


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    # Of one that was killed.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_free(database: Path, home: Path, *, replace: bool) -> None:
    if not embedded_store.is_ready(database):
        return
    if not replace:
        raise UsageError(
            f"{home} holds a registry already; --replace has the backup take its place,"
            " another HOUSING_HOME keeps both"
        )
    if run_locks.any_held(home):
        raise RegistryError(f"a training goes on in {home}; wait for its end, or stop it")


class _Packed(gzip.GzipFile):
    """Bytes of an archive, in portions: the library would read a header of gigabytes in one."""

    def read(self, size: int | None = -1) -> bytes:
        """Reads a portion."""
        # guard: a header of an archive without end
        if size is None or not 0 <= size <= _CHUNK:
            raise tarfile.ReadError("a header in it is too large")
        return super().read(size)


def _unpack(file: Path, folder: Path, database: str) -> None:
    try:
        with _Packed(file) as content, tarfile.open(fileobj=content, mode="r:") as archive:
            for entry in archive:
                # The library would hold them all: 200 MB for a file of 2 MB.
                # guard: the entries of an archive that are held
                archive.members.clear()  # type: ignore[attr-defined]
                _unpack_entry(archive, entry, folder, database)
            # To the end, where the sum of all stands.
            while content.read(_CHUNK):
                pass
    except _DAMAGED as error:
        raise UsageError(f"{file} is no whole backup ({error}); take another") from error


def _unpack_entry(
    archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: Path, database: str
) -> None:
    content = archive.extractfile(entry) if _is_ours(entry, database) else None
    if content is None:
        raise tarfile.TarError(f"{entry.name!r} is nothing that `housing-admin backup` writes")
    if entry.size > shutil.disk_usage(folder).free:
        raise RegistryError(disk_space.explain({folder: entry.size}))
    place = folder / entry.name
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as out:
        shutil.copyfileobj(content, out, _CHUNK)


def _is_ours(entry: tarfile.TarInfo, database: str) -> bool:
    """Returns whether an entry is a plain file that belongs where it is to go."""
    if not entry.isreg() or entry.issparse():
        return False
    above, *below = entry.name.split("/")
    inside = above in _FOLDERS and bool(below) and not {"", ".", ".."}.intersection(below)
    return inside or entry.name == database


def _check_database(database: Path, file: Path) -> None:
    try:
        with closing(_opened(database)) as found:
            # guard: a database that does something
            if not sqlite_safety.is_passive(found):
                raise UsageError(
                    f"{file} holds a database with a view, a trigger or a function; take another"
                )
            (said,) = found.execute("PRAGMA quick_check").fetchone()
            found.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise UsageError(f"{file} holds no database of MLflow's that is whole ({said})")


def _move_files(source: Path, target: Path) -> None:
    for above, _, files in os.walk(source):
        folder = target / Path(above).relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            Path(above, name).replace(folder / name)


def _take_database(found: Path, database: Path, artifacts: Path) -> None:
    if relocation.is_moved(found, artifacts):
        relocation.relocate(found, artifacts, lambda _: None)
    # The files first, as nothing that they hold is named yet.
    os.sync()
    if not embedded_store.is_ready(database):
        found.replace(database)
        return
    # In one transaction of SQLite's own: whoever has the file open sees the one or the other.
    with closing(_opened(found)) as source, closing(_opened(database)) as target:
        source.backup(target)


# --- Telling ---------------------------------------------------------------------------------


def _summary(database: Path, location: RegistryLocation) -> Summary:
    with closing(_opened(database)) as found:
        (runs,) = found.execute(
            "SELECT COUNT(*) FROM runs WHERE lifecycle_stage = 'active'"
        ).fetchone()
        (versions,) = found.execute(
            "SELECT COUNT(*) FROM model_versions WHERE name = ?"
            " AND current_stage <> 'Deleted_Internal'",
            (location.model_name,),
        ).fetchone()
        alias = found.execute(
            "SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?",
            (location.model_name, location.alias),
        ).fetchone()
    return Summary(runs=runs, versions=versions, promoted=int(alias[0]) if alias else None)


@contextmanager
def _explained(folder: Path, size: int) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if disk_is_full(error):
            raise RegistryError(disk_space.explain({folder: size})) from error
        path = getattr(error, "filename", None) or folder
        raise RegistryError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
