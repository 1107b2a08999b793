"""Reads the small files that settings name, such as keys: nothing that blocks or never ends."""

import errno
import os
import stat
from pathlib import Path

LIMIT = 2**20


def read(path: Path, limit: int = LIMIT) -> bytes:
    """Returns the content of a plain file; a link is followed.

    Args:
        path: The file.
        limit: Most bytes that it may have.

    Raises:
        OSError: It cannot be read, is a pipe or a device, or is too large.
    """
    with open(path, "rb", opener=_open) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", str(path))
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes", str(path))
    return content


def _open(path: str, flags: int) -> int:
    # A pipe that nobody writes to must not hold up the start.
    return os.open(path, flags | os.O_NONBLOCK)
