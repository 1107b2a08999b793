"""A store that is a folder of this machine, or of one that it shares files with."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.registry.location import BUNDLE_FOLDER
from housing_grpc.registry.store import PROMOTE_ANOTHER


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
        if not self._root.is_dir():
            # It may be on a disk that is to be mounted yet.
            raise ServingError(
                Reason.REGISTRY_UNAVAILABLE,
                f"the folder of the version's files is not there: mount its disk, or"
                f" {PROMOTE_ANOTHER}",
            )
        return files.sizes(self._folder, max_bytes) if self._folder.is_dir() else {}

    def save(self, name: str, path: Path, most: int) -> None:
        """Saves a file."""
        path.write_bytes(files.read(self._folder / name, most))
