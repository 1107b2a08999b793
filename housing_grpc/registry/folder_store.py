"""A store that is a folder of this machine, or of one that it shares files with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleFormatError
from housing_grpc.registry.location import BUNDLE_FOLDER
from housing_grpc.registry.registered_version import unavailable
from housing_grpc.registry.store import PROMOTE_ANOTHER, STORE


class FolderStore:
    """The files of a version in a folder.

    Args:
        root: Holds the files of the version.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / BUNDLE_FOLDER

    @classmethod
    def at(cls, place: str) -> "FolderStore | None":
        """Returns the store at an address, or None if that is no folder.

        Args:
            place: A path, or a `file:` URI.
        """
        if place.startswith("/"):
            return cls(Path(place))
        parts = urlsplit(place)
        if parts.scheme != "file" or parts.netloc or parts.query or parts.fragment:
            return None
        return cls(Path(url2pathname(parts.path)))

    def sizes(self, max_bytes: int) -> dict[str, int]:
        """Returns the bytes of each file, by name."""
        with _explained():
            is_there = self._root.is_dir()
            found = files.sizes(self._folder, max_bytes) if self._folder.is_dir() else {}
        if not is_there:
            # It may be on a disk that is to be mounted yet.
            raise ServingError(
                Reason.REGISTRY_UNAVAILABLE,
                f"the folder of the version's files is not there: mount its disk, or"
                f" {PROMOTE_ANOTHER}",
            )
        return found

    def save(self, name: str, path: Path, most: int) -> None:
        """Saves a file."""
        with _explained():
            content = files.read(self._folder / name, most)
        path.write_bytes(content)


@contextmanager
def _explained() -> Iterator[None]:
    """Says of a disk that fails that the store does not answer, and not that the bundle is bad."""
    try:
        yield
    except OSError as error:
        raise unavailable(STORE, type(error).__name__) from error
    except BundleFormatError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        raise unavailable(STORE, type(error.__cause__).__name__) from error
