"""Files that one job alone may write, and whose name every trouble with them has."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .files import UsageError


def open_claimed(path: Path) -> IO[bytes]:
    """Opens a file to read it and to write at its end; what it holds stays.

    It is ours until it is closed, even if the process is killed. Devices and pipes are
    nobody's.

    Raises:
        UsageError: Another job writes it.
        OSError: It cannot be written.
    """
    if path.exists() and not path.is_file():
        return path.open("wb")
    file = path.open("a+b")
    try:
        _claim(file, path)
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Gives the name of a file to errors that have none, such as of a full disk."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = "the standard output" if path == "-" else str(path)
        raise


def _claim(file: IO[bytes], path: Path) -> None:
    # The other may have renamed or removed it just now.
    if not _lock(file) or not _is_at(file, path):
        raise UsageError(
            f"{path}: another job is writing it; wait for its end, or name another file"
        )


def _is_at(file: IO[bytes], path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat())


def _lock(file: IO[bytes]) -> bool:
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock

        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        # Windows and some network drives have no such locks: two jobs are not kept apart there.
        pass
    return True
