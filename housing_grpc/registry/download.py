"""Downloads the files of a bundle from the artifact store of a version, within bounds.

Sizes are asked for first. A store may say anything, so each file is cut, too, where the bundle
would get too large.
"""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleChecksumError, BundleError
from housing_grpc.bundle.format import METADATA_FILE
from housing_grpc.registry import allowed_address
from housing_grpc.registry.error_causes import disk_is_full, file_is_too_large
from housing_grpc.registry.location import BUNDLE_FOLDER

# Resolve an address such as `models:` or `runs:` to the next one, without opening a store.
_NEXT: dict[str, Callable[[str], str]] = {
    "models": ModelsArtifactRepository.get_underlying_uri,
    "runs": RunsArtifactRepository.get_underlying_uri,
}
# From a version to a logged model, and from there to its files.
_MOST_HOPS = 3
_MLFLOW_SERVER = "mlflow-artifacts"
_to_http: Callable[[str, str], str] = MlflowArtifactsRepository.resolve_uri
# Registries that choose and open the store themselves.
_DATABRICKS = frozenset({"databricks", "databricks-uc", "uc"})


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
        store = _store(version_uri, tracking_uri)
        sizes = files.check_sizes(map(_named, store.list_artifacts(BUNDLE_FOLDER)), max_bytes)
        for name in sizes:
            _download_file(store, folder / name, sizes[name], max_bytes - _size(folder))
    except BundleError:
        raise
    except Exception as error:  # Stores raise what they like.
        if file_is_too_large(error):
            raise files.too_large(max_bytes) from error
        if disk_is_full(error):
            text = f"{os.strerror(errno.ENOSPC)}, {sum(sizes.values())} bytes are needed"
            raise OSError(errno.ENOSPC, text) from error
        raise StoreError from error
    if METADATA_FILE not in sizes:
        raise BundleChecksumError(f"{version_uri.rpartition('/')[2]}: the version holds no bundle")
    return folder


def _store(version_uri: str, tracking_uri: str) -> Any:
    """Returns the store of a version's files, once it may be asked: building it may do so."""
    if tracking_uri.partition(":")[0] in _DATABRICKS:
        return get_artifact_repository(version_uri)
    found = version_uri
    for _ in range(_MOST_HOPS):
        go_on = _NEXT.get(urlsplit(found).scheme)
        found = go_on(found) if go_on else found
    of_mlflow = urlsplit(found).scheme == _MLFLOW_SERVER
    allowed_address.check(_to_http(found, tracking_uri) if of_mlflow else found, tracking_uri)
    return get_artifact_repository(found)


def _named(found: Any) -> tuple[str, int]:
    """Returns the name and size of a file that the store has; 0 if it does not say."""
    name = str(found.path).removeprefix(f"{BUNDLE_FOLDER}/")
    files.check_entry(name, plain_file=not found.is_dir)
    return name, max(found.file_size or 0, 0)


def _download_file(store: Any, path: Path, size: int, max_bytes: int) -> None:
    with _no_file_larger_than(max_bytes):
        # The public method asks the store whether this is a folder, and trusts the answer.
        store._download_file(f"{BUNDLE_FOLDER}/{path.name}", str(path))  # noqa: SLF001
    # Clients take what ends too early, or a redirect that they do not follow, for the file.
    if path.stat().st_size < size:
        raise EOFError(f"{path.name}: the store sends less than it says that there is")


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
