"""The files in which the processes of the proxy count together.

They are mapped into memory, and a process that writes to a part for which the disk has no room
ends by a signal. Others may fill the disk: so files have all their room before a process starts.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from housing_grpc.base.errors import StartError

_PARENTS = ("/dev/shm", None)  # noqa: S108 - a folder of an unforgeable name is made in it
# By the library's kinds of files; some hundred routes and verbs take 1.3 MB of a histogram.
_GAUGES = ("gauge_livesum", "gauge_livemin")
_BYTES = {"counter": 1 << 20, "histogram": 1 << 21, **dict.fromkeys(_GAUGES, 1 << 14)}
_PREFIX = "housing-rest-"
# By then whoever makes a folder has locked it.
_ABANDONED_SECONDS = 60.0
# At the beginning stands how many bytes are in use.
_NO_VALUES = bytes(8)


def make(processes: int, parents: Sequence[str | None] = _PARENTS) -> str:
    """Makes a folder that has the files of so many processes; returns its path.

    It is this process' own until it ends. Folders of others that were killed are removed.

    Args:
        processes: Their numbers begin with 1.
        parents: Folders to make it in, the first that has room; None is that of temporary files.

    Raises:
        StartError: None has room.
    """
    fault = ""
    for parent in parents:
        folder = ""
        try:
            _remove_abandoned(Path(parent or tempfile.gettempdir()))
            folder = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
            _lock(folder)
            for number in range(1, processes + 1):
                _fill(Path(folder), number)
        except OSError as error:
            fault = error.strerror or type(error).__name__
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        else:
            return folder
    room = processes * sum(_BYTES.values())
    raise StartError(
        f"{processes} processes count in files, which take {room:,} bytes in /dev/shm or in the"
        f" folder for temporary files: {fault}; make room, or set fewer API_WORKERS",
        1,
    )


def forget_gauges(number: int, folder: str) -> None:
    """Empties the gauges of a process that has ended; what it has counted is kept."""
    for kind in _GAUGES:
        # The folder may be gone: all are being ended.
        with suppress(FileNotFoundError), _file(Path(folder), kind, number).open("r+b") as file:
            file.write(_NO_VALUES)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        # It may be another user's, in use, or being removed by another proxy.
        with suppress(OSError):
            found = folder.lstat()
            # guard: a folder that another proxy is making
            if found.st_uid != os.getuid() or time.time() - found.st_mtime < _ABANDONED_SECONDS:
                continue
            os.close(_lock(folder))
            shutil.rmtree(folder, ignore_errors=True)


def _lock(folder: str | Path) -> int:
    """Locks a folder until the descriptor that is returned is closed, or this process ends.

    Raises:
        OSError: It is locked, or no folder.
    """
    import fcntl  # Not on Windows, where there is one process.

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _fill(folder: Path, number: int) -> None:
    for kind, size in _BYTES.items():
        # guard: the room of what is counted
        _file(folder, kind, number).write_bytes(bytes(size))


def _file(folder: Path, kind: str, number: int) -> Path:
    return folder / f"{kind}_{number}.db"
