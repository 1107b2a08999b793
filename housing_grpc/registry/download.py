"""Downloads the files of a bundle from the artifact store of a version, within bounds.

Sizes are asked for first. A store may say anything, so each file is cut, too, where the bundle
would get too large.
"""

import errno
import os
from pathlib import Path

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleChecksumError
from housing_grpc.bundle.format import METADATA_FILE
from housing_grpc.registry.error_causes import disk_is_full, file_is_too_large
from housing_grpc.registry.location import BUNDLE_FOLDER
from housing_grpc.registry.registered_version import unavailable
from housing_grpc.registry.store import PROMOTE_ANOTHER, STORE, Store


def download(store: Store, version: str, part: Path, max_bytes: int) -> Path:
    """Downloads a bundle, and returns its folder.

    Args:
        store: Has its files.
        version: Whose they are, for messages.
        part: An empty folder.
        max_bytes: Most bytes of the bundle.

    Raises:
        ServingError: REGISTRY_UNAVAILABLE, if the store does not deliver.
        OSError: It cannot be written; for a full disk, the text says how much it takes.
        BundleError: There is no bundle, or it is too large, or not one of plain files.
    """
    folder = part / Path(BUNDLE_FOLDER).name
    folder.mkdir()
    sizes = store.sizes(max_bytes)
    left = max_bytes
    try:
        for name, size in sizes.items():
            store.save(name, folder / name, left)
            written = (folder / name).stat().st_size
            left -= written
            # Clients take what ends too early, or a redirect not followed, for the file.
            if written < size:
                raise unavailable(STORE, f"{name} is cut short")
    except OSError as error:
        if file_is_too_large(error):
            raise files.too_large(max_bytes) from error
        if not disk_is_full(error):
            raise
        text = f"{os.strerror(errno.ENOSPC)}, {sum(sizes.values())} bytes are needed"
        raise OSError(errno.ENOSPC, text) from error
    if METADATA_FILE not in sizes:
        raise BundleChecksumError(f"version {version} holds no bundle; {PROMOTE_ANOTHER}")
    return folder
