"""A real file system of few bytes."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class SmallDisk:
    """A mounted file system.

    Args:
        folder: Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, free: int = 0) -> None:
        """Leave only that many bytes."""
        with (self.folder / "filler").open("wb") as filler:
            filler.write(bytes(shutil.disk_usage(self.folder).free - free))

    def grow(self) -> None:
        """Give it 64 MiB."""
        _run("mount", "-o", "remount,size=64m", str(self.folder))


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[SmallDisk]:
    """Mount a disk of a size such as "1m" for a `with` block; skips where that is not allowed."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk cannot be mounted here")
    try:
        yield SmallDisk(folder)
    finally:
        # Something may still have a file open there: it ends with the process.
        _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
