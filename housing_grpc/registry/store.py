"""Where the files of a version lie: an artifact store, as it is asked here."""

from pathlib import Path
from typing import Protocol

STORE = "the artifact store"
"""What callers read of it."""

PROMOTE_ANOTHER = "promote another, `housing-admin models` lists what there is"
"""What to do about a version that has no bundle."""


class Store(Protocol):
    """Where the files of a version's bundle lie."""

    def sizes(self, max_bytes: int) -> dict[str, int]:
        """Returns the bytes of each file, by name; none if there is no bundle.

        Args:
            max_bytes: Most bytes of all of them.

        Raises:
            BundleError: They are too many, too large, or not plain files with plain names.
            ServingError: REGISTRY_UNAVAILABLE, if it cannot be asked.
        """
        ...

    def save(self, name: str, path: Path, most: int) -> None:
        """Saves a file.

        Args:
            name: One of those that it has.
            path: To write to.
            most: Bytes that may be written.

        Raises:
            BundleError: It is not a plain file, or has grown.
            ServingError: REGISTRY_UNAVAILABLE, if it does not deliver.
            OSError: It cannot be written; EFBIG if it has more bytes.
        """
        ...
