"""Plain files of a folder that nobody vouches for: listed and read without following anything.

Sizes are bounded before a byte is read, and again while it is: a file may grow in between.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from .errors import BundleChecksumError, BundleFormatError, BundleUnsafeError

MAX_BYTES = 64 * 2**20
"""Most bytes of a bundle unless MAX_BUNDLE_BYTES says otherwise: 300 unlimited trees take 5 MB."""

_MOST_FILES = 16
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*", re.ASCII)


def sizes(folder: Path, max_bytes: int) -> dict[str, int]:
    """Returns the names of the files in a folder, and how many bytes each has.

    Raises:
        BundleFormatError: It is not a folder, cannot be read, or is too large.
        BundleUnsafeError: It holds something else than plain files, or a pickle.
    """
    if folder.is_symlink():
        raise BundleFormatError(
            f"{folder.name}: is not a folder, but is a symbolic link; name the folder itself"
        )
    if not folder.is_dir():
        raise BundleFormatError(f"{folder.name}: is not a folder")
    try:
        with os.scandir(folder) as entries:
            return check_sizes(map(_checked, entries), max_bytes)
    except OSError as error:
        raise BundleFormatError(f"{folder.name}: cannot be read: {error.strerror}") from error


def check_sizes(found: Iterable[tuple[str, int]], max_bytes: int) -> dict[str, int]:
    """Checks sizes before files are fetched or read.

    Args:
        found: Name and bytes of each file; no more than are allowed are asked for.
        max_bytes: Most bytes of all of them.

    Returns:
        The bytes of each file, by name.

    Raises:
        BundleFormatError: There are too many files, or too many bytes.
    """
    known: dict[str, int] = {}
    for name, size in found:
        known[name] = size
        if len(known) > _MOST_FILES:
            raise BundleFormatError(f"the bundle has more than {_MOST_FILES} files")
    if sum(known.values()) > max_bytes:
        raise too_large(max_bytes)
    return known


def check_entry(name: str, *, plain_file: bool) -> None:
    """Refuses what a bundle's folder never holds.

    Args:
        name: What it is called.
        plain_file: Whether it is a file, and no link, folder or device.

    Raises:
        BundleUnsafeError: It is not a plain file, or by its name a pickle or a path.
    """
    if not is_plain(name):
        raise BundleUnsafeError(
            f"a file is named {name[:100]!a}; a bundle's names are letters, digits, . _ and -"
        )
    if not plain_file:
        raise _not_plain(name)
    # guard: no pickle by its name
    if name.lower().endswith(_PICKLE_NAMES):
        raise BundleUnsafeError(f"{name}: is a pickle by its name")


def is_plain(name: str) -> bool:
    """Returns whether a file's name is one that a bundle may have, and so no path."""
    return _PLAIN_NAME.fullmatch(name) is not None


def too_large(max_bytes: int) -> BundleFormatError:
    """Returns the error of a bundle that has too many bytes."""
    return BundleFormatError(
        f"the bundle is larger than MAX_BUNDLE_BYTES={max_bytes}; raise that, or train fewer or"
        " smaller trees"
    )


def read(path: Path, limit: int) -> bytes:
    """Returns the content of a plain file.

    Args:
        path: The file.
        limit: Most bytes that it may have.

    Raises:
        BundleChecksumError: It is not there, or changes while it is read.
        BundleFormatError: It is too large, or cannot be read.
        BundleUnsafeError: It is not a plain file.
    """
    # A file swapped after the listing for a link is refused, too; one swapped for a
    # pipe does not block.
    # guard: no links by exchange
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        raise BundleChecksumError(f"{path.name}: vanished while the bundle was read") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_plain(path.name) from None
        raise BundleFormatError(f"{path.name}: cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _not_plain(path.name)
        if found.st_size > limit:
            raise BundleFormatError(f"{path.name}: is larger than {limit} bytes")
        # One more than it should have, as it could grow without end.
        content = file.read(found.st_size + 1)
    if len(content) != found.st_size:
        raise BundleChecksumError(f"{path.name}: changed while it was read")
    return content


def _checked(entry: "os.DirEntry[str]") -> tuple[str, int]:
    # guard: no links
    found = entry.stat(follow_symlinks=False)
    check_entry(entry.name, plain_file=stat.S_ISREG(found.st_mode))
    return entry.name, found.st_size


def _not_plain(name: str) -> BundleUnsafeError:
    return BundleUnsafeError(f"{name}: is not a plain file; a bundle holds no other")
