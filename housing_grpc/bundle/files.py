"""Plain files of a folder that nobody vouches for: listed and read without following anything."""

import errno
import os
import stat
from pathlib import Path

from .errors import BundleChecksumError, BundleFormatError, BundleUnsafeError

_PICKLE_NAMES = (".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle")
# Far above what any strategy makes; a larger file would only fill the memory.
_LIMIT = 512 * 2**20


def names(folder: Path) -> set[str]:
    """Returns the names of the files in a folder.

    Raises:
        BundleFormatError: It is not a folder, or cannot be read.
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
            return {_checked(entry) for entry in entries}
    except OSError as error:
        raise BundleFormatError(f"{folder.name}: cannot be read: {error.strerror}") from error


def read(path: Path, limit: int = _LIMIT) -> bytes:
    """Returns the content of a plain file.

    Args:
        path: The file.
        limit: Most bytes that it may have.

    Raises:
        BundleChecksumError: It is not there.
        BundleFormatError: It is too large, or cannot be read.
        BundleUnsafeError: It is not a plain file.
    """
    # A file swapped after the listing for a link is refused, too; one swapped for a
    # pipe does not block.
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
        return file.read(found.st_size)


def _checked(entry: "os.DirEntry[str]") -> str:
    if not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
        raise _not_plain(entry.name)
    if entry.name.lower().endswith(_PICKLE_NAMES):
        raise BundleUnsafeError(f"{entry.name}: is a pickle by its name")
    return entry.name


def _not_plain(name: str) -> BundleUnsafeError:
    return BundleUnsafeError(f"{name}: is not a plain file; a bundle holds no other")
