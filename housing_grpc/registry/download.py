"""Downloads the files of a bundle from the artifact store of a version, within bounds.

Sizes are asked for first. A store may say anything, so each file is cut, too, where the bundle
would get too large.
"""

import errno
import os
import resource
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleError
from housing_grpc.registry.causes import disk_is_full, file_is_too_large
from housing_grpc.registry.location import BUNDLE_FOLDER


class StoreError(Exception):
    """The store does not deliver; what it was is the cause."""


def download(version_uri: str, part: Path, max_bytes: int) -> Path:
    """Downloads the bundle of a version, and returns its folder.

    Args:
        version_uri: Such as "models:/NAME/2".
        part: An empty folder, to which all that is written goes.
        max_bytes: Most bytes of the bundle.

    Raises:
        StoreError: The store does not deliver.
        OSError: The disk is full; the text says how much the bundle takes.
        BundleError: There is no bundle, or it is too large, or not one of plain files.
    """
    # Of the libraries, too.
    tempfile.tempdir = os.environ["TMPDIR"] = str(part)
    folder = part / Path(BUNDLE_FOLDER).name
    folder.mkdir()
    sizes: dict[str, int] = {}
    try:
        store = get_artifact_repository(version_uri)
        sizes = files.check_sizes(map(_named, store.list_artifacts(BUNDLE_FOLDER)), max_bytes)
        for name in sizes:
            _download_file(store, folder / name, max_bytes - _size(folder))
    except BundleError:
        raise
    except Exception as error:  # Stores raise what they like.
        if file_is_too_large(error):
            raise files.too_large(max_bytes) from error
        if disk_is_full(error):
            text = f"{os.strerror(errno.ENOSPC)}, {sum(sizes.values())} bytes are needed"
            raise OSError(errno.ENOSPC, text) from error
        raise StoreError from error
    if not sizes:
        raise BundleError(f"{version_uri.rpartition('/')[2]}: the version holds no bundle")
    return folder


def _named(found: Any) -> tuple[str, int]:
    """Returns the name and size of a file that the store has; 0 if it does not say."""
    name = str(found.path).removeprefix(f"{BUNDLE_FOLDER}/")
    files.check_entry(name, plain_file=not found.is_dir)
    return name, max(found.file_size or 0, 0)


def _download_file(store: Any, path: Path, max_bytes: int) -> None:
    with _no_file_larger_than(max_bytes):
        # What is public asks the store whether this is a folder, and would believe it.
        store._download_file(f"{BUNDLE_FOLDER}/{path.name}", str(path))  # noqa: SLF001


@contextmanager
def _no_file_larger_than(size: int) -> Iterator[None]:
    """Has each write beyond so many bytes of a file fail, by whatever library it is done."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min([size, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())
