"""Downloads the files of a bundle from the artifact store of a version, within bounds.

Sizes are asked for first. A store may say anything, so each file is cut, too, where the bundle
would get too large.
"""

import errno
import os
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from urllib3.util import parse_url

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleError, BundleUnsafeError
from housing_grpc.registry.error_causes import disk_is_full, file_is_too_large
from housing_grpc.registry.location import BUNDLE_FOLDER

# Where MLflow's clients send nothing that a stranger could use: signatures of a request, or tokens
# to hosts that they know themselves. "models" is left only of a registry at Databricks.
_STORES = frozenset({"", "file", "s3", "gs", "models"})
_AZURE = frozenset({"wasbs", "abfss"})
_AZURE_HOST = re.compile(
    r"[a-z0-9]+\.(blob|dfs)\.core\.(windows\.net|chinacloudapi\.cn|usgovcloudapi\.net)", re.ASCII
)


class StoreError(Exception):
    """The store does not deliver; what it was is the cause."""


def download(version_uri: str, tracking_uri: str, part: Path, max_bytes: int) -> Path:
    """Downloads the bundle of a version, and returns its folder.

    Args:
        version_uri: Such as "models:/NAME/2".
        tracking_uri: Of the registry.
        part: An empty folder.
        max_bytes: Most bytes of the bundle.

    Raises:
        StoreError: The store does not deliver.
        OSError: The disk is full; the text says how much the bundle takes.
        BundleError: There is no bundle, or it is too large, or not one of plain files, or
            where nothing of a registry may be.
    """
    folder = part / Path(BUNDLE_FOLDER).name
    folder.mkdir()
    sizes: dict[str, int] = {}
    try:
        store = get_artifact_repository(version_uri)
        _check_place(store, tracking_uri)
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


def _check_place(store: Any, tracking_uri: str) -> None:
    """Refuses a place that the registry names and that would be sent what this process knows.

    The registry says where a version's files are. Whoever writes to it could name a server of
    theirs, which would be asked with the name and password of the registry.
    """
    while (inner := getattr(store, "repo", None)) is not None:
        store = inner
    place = urlsplit(store.artifact_uri)
    if place.scheme in _STORES or _is_registry(store.artifact_uri, tracking_uri):
        return
    if place.scheme in _AZURE and _AZURE_HOST.fullmatch(place.hostname or ""):
        return
    raise BundleUnsafeError(
        "the registry names a place for the version's files that is neither the registry itself,"
        " nor a folder, nor a store at S3, Google or Azure"
    )


def _is_registry(place: str, registry: str) -> bool:
    # As what will connect reads them: others end the name of a host at other marks.
    found, wanted = parse_url(place), parse_url(registry)
    same = (found.scheme, found.host, found.port) == (wanted.scheme, wanted.host, wanted.port)
    return same and found.scheme in ("http", "https") and "\\" not in place


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
