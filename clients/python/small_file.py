"""Reads what a person names as a key or a certificate: nothing that never ends."""

import errno
import os
import stat
from os import PathLike, fspath

LIMIT = 2**20


def read(path: str | PathLike[str], *, plain: bool = True) -> bytes:
    """Returns the content of a small file; a link is followed.

    Args:
        path: The file.
        plain: Whether it has to be a plain file, so that it can be read again. Else a pipe will
            do, which is waited for.

    Raises:
        OSError: It cannot be read, is not plain, or is larger than a MiB.
    """
    with open(path, "rb", opener=_open_plain if plain else None) as file:
        if plain and not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a plain file", fspath(path))
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise OSError(errno.EFBIG, f"it is larger than {LIMIT} bytes", fspath(path))
    return content


def _open_plain(path: str, flags: int) -> int:
    # To open a pipe that nobody writes to would not end; Windows has no such pipes among its files.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
