"""Tells a run that goes on from one whose process was killed.

MLflow calls both RUNNING. Whoever opens a run first locks a file in the home folder, and
names it in a tag of the run; the lock ends with the process, however that ends. So a run
can be seen to be dead by any process that shares the home folder, and by no other.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .tags import LOCK_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = "running"
"""Folder of the locks, in a home."""

# Between the lock and its run, there is no run yet; this long it may take MLflow to make it.
_YOUNG_SECONDS = 600.0


@contextmanager
def held(home: Path) -> Iterator[str]:
    """Hold a lock for the length of a `with` block.

    Its file stays, so that the run counts as dead, unless `forget` is called.

    Args:
        home: Folder of local state.

    Yields:
        The lock's name, for the run's tag `LOCK_TAG`.
    """
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / uuid.uuid4().hex
    with file.open("x") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield file.name


@contextmanager
def alone(home: Path, name: str) -> Iterator[bool]:
    """Say for a `with` block whether this process is the only one of the home in such a block.

    Args:
        home: Folder of local state.
        name: Of the kind of block.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / f"{name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def forget(home: Path, lock: str) -> None:
    """Remove a lock whose run says itself how it ended."""
    (home / FOLDER / lock).unlink(missing_ok=True)


def any_held(home: Path) -> bool:
    """Return whether a process of this machine has a run open."""
    for file in (home / FOLDER).glob("*"):
        with _unlocked(file) as handle:
            if handle is None and file.exists():
                return True
    return False


def any_dead(home: Path) -> bool:
    """Return whether `end_dead_runs` has something to look after."""
    for file in (home / FOLDER).glob("*"):
        with _unlocked(file) as handle:
            if handle is not None:
                return True
    return False


def end_dead_runs(client: "MlflowClient", experiment: str, home: Path) -> list[str]:
    """Set the runs that were killed to KILLED; this costs nothing where there is none.

    Args:
        client: MLflow.
        experiment: Id of the experiment.
        home: Folder of local state.

    Returns:
        Their ids.
    """
    ended: list[str] = []
    for file in sorted((home / FOLDER).glob("*")):
        with _unlocked(file) as handle:
            if handle is None:
                continue
            runs = client.search_runs(
                [experiment], filter_string=f"tags.{LOCK_TAG} = '{file.name}'"
            )
            for run in runs:
                if run.info.status == "RUNNING":
                    client.set_terminated(run.info.run_id, "KILLED")
                    ended.append(str(run.info.run_id))
            if runs or time.time() - os.fstat(handle.fileno()).st_mtime > _YOUNG_SECONDS:
                file.unlink(missing_ok=True)
    return ended


@contextmanager
def _unlocked(file: Path) -> Iterator[IO[str] | None]:
    """Give the open file if nobody holds its lock."""
    try:
        handle = file.open()
    except FileNotFoundError:
        yield None
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield handle
