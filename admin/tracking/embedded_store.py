"""Sets up the embedded MLflow: one SQLite file and a folder, made at first use.

Both may be moved or copied together: the next command notices.
"""

import errno
import fcntl
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from housing_grpc.registry import location, moved_home
from housing_grpc.registry.location import RegistryLocation

from ..base.settings import Settings
from . import relocation


def artifact_root(settings: Settings) -> Path:
    """Return the folder that holds the artifacts of an embedded MLflow."""
    return settings.home / moved_home.ARTIFACTS


def is_set_up(settings: Settings) -> bool:
    """Return whether there may be runs and versions, from what a look at the disk says."""
    file = settings.location.sqlite_file
    return file is None or is_ready(file)


def prepare(settings: Settings, say: Callable[[str], None]) -> None:
    """Make the SQLite file if there is none yet, which takes some seconds.

    Where the home has been moved or copied, the file is told so. It is made beside its place and
    renamed, so that a kill leaves none rather than a half, and under a lock, so that two at once
    make only one.

    Args:
        settings: Where it belongs; a registry that is not SQLite needs nothing.
        say: Called with a line when it is being made.

    Raises:
        OSError: The folder cannot be written to.
        sqlite3.Error: Nor can the file.
    """
    file = settings.location.sqlite_file
    artifacts = artifact_root(settings)
    if file is None or (is_ready(file) and not _is_moved(file, artifacts)):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked(lock_of(file)):
        if not is_ready(file):
            say(f"Setting up the embedded MLflow in {shown(file.parent)} (some seconds, once) ...")
            _make(file, artifacts)
        elif _is_moved(file, artifacts):
            relocation.relocate(file, artifacts, say)


def lock_of(file: Path) -> Path:
    """Return what is locked by whoever replaces a database, counts its versions or promotes one."""
    return file.with_name(f".{file.name}.lock")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold a lock that other processes of this machine wait for; a kill releases it.

    Raises:
        OSError: The lock file cannot be made.
    """
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(where: RegistryLocation) -> Iterator[None]:
    """Hold the lock of an embedded registry for a `with` block; others offer none."""
    file = where.sqlite_file
    with nullcontext() if file is None else locked(lock_of(file)):
        yield


def shown(folder: Path) -> str:
    """Return a folder's path as people write it: below the working folder where it is."""
    here = Path.cwd()
    return f"{folder.relative_to(here)}/" if folder.is_relative_to(here) else f"{folder}/"


def is_ready(file: Path) -> bool:
    """Return whether a database of MLflow's is there.

    Raises:
        OSError: It cannot be looked at, or is no file, for which MLflow would wait long.
    """
    try:
        seen = file.stat()
    except FileNotFoundError:
        return False
    except NotADirectoryError as error:
        raise OSError(error.errno, "it is no folder", str(file.parent)) from error
    if not stat.S_ISREG(seen.st_mode):
        raise OSError(errno.EINVAL, "it is no file", str(file))
    # An empty file is what SQLite leaves when something else only looked.
    return seen.st_size > 0


def _is_moved(file: Path, artifacts: Path) -> bool:
    # A database elsewhere says nothing about this home, which others may share with it.
    return file.parent == artifacts.parent and relocation.is_moved(file, artifacts)


def _make(file: Path, artifacts: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    beside = file.with_name(f".{file.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        uri = location.sqlite_uri(beside / file.name)
        store = SqlAlchemyStore(uri, artifacts.as_uri())  # type: ignore[no-untyped-call]
        store.engine.dispose()
        (beside / file.name).replace(file)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
