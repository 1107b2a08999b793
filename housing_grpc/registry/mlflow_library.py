"""Registries and stores that only MLflow itself can ask: databases, Databricks, S3 and others.

To import it takes seconds and some 200 MB, so only a process that ends with its answer does.
"""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleChecksumError, BundleError
from housing_grpc.registry import allowed_address, moved_home
from housing_grpc.registry.error_causes import disk_is_full, file_is_too_large, missing_driver
from housing_grpc.registry.location import (
    BUNDLE_FOLDER,
    DIGEST_TAG,
    keep_loopback_direct,
    sqlite_file,
    statement_tag,
)
from housing_grpc.registry.registered_version import (
    RegisteredModel,
    RegisteredVersion,
    Wanted,
    unavailable,
)
from housing_grpc.registry.store import PROMOTE_ANOTHER, STORE

for _name, _value in {
    # MLflow's own defaults are 7 tries of 120 s each.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    # Whoever answers would choose whom this machine asks.
    "MLFLOW_ALLOW_HTTP_REDIRECTS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A bundle is small, and the server would choose the addresses to ask.
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
}.items():
    os.environ.setdefault(_name, _value)
keep_loopback_direct(os.environ)

# After the variables: the import alone would start its telemetry.
import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.store.artifact.artifact_repository_registry import (  # noqa: E402
    get_artifact_repository,
)
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository  # noqa: E402
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository  # noqa: E402
from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository  # noqa: E402

_DELETED = "RESOURCE_DOES_NOT_EXIST"
_ABSENT = frozenset({_DELETED, "INVALID_PARAMETER_VALUE"})
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


class MlflowLibrary:
    """A registry of any kind that MLflow knows.

    Args:
        tracking_uri: Of the registry.
    """

    def __init__(self, tracking_uri: str) -> None:
        self._uri = tracking_uri
        mlflow.set_tracking_uri(tracking_uri)
        # Or else a variable of MLflow's own could name another registry.
        mlflow.set_registry_uri(tracking_uri)

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for."""
        try:
            client = mlflow.MlflowClient()
            if wanted.version:
                found = client.get_model_version(wanted.name, wanted.version)
            else:
                found = client.get_model_version_by_alias(wanted.name, wanted.alias)
            number, tag = str(found.version), found.tags.get(DIGEST_TAG)
            statement = found.tags.get(statement_tag(wanted.alias))
        except MlflowException as error:
            if error.error_code in _ABSENT:
                raise wanted.absent() from error
            raise _unavailable("the registry", error) from error
        except Exception as error:  # Drivers and HTTP clients raise what they like.
            raise _unavailable("the registry", error) from error
        version = RegisteredVersion(
            name=found.name, version=number, digest_tag=tag, statement=statement
        )
        return version.checked(wanted)

    def model(self, name: str) -> RegisteredModel:
        """Returns what is known of a registered model."""
        try:
            model = mlflow.MlflowClient().get_registered_model(name)
            aliases = {alias: str(version) for alias, version in model.aliases.items()}
            return RegisteredModel(aliases=aliases, tags=dict(model.tags))
        except Exception as error:  # Drivers and HTTP clients raise what they like.
            raise _unavailable("the registry", error) from error

    def store(self, found: RegisteredVersion) -> "MlflowStore":
        """Returns the store of a version's files.

        Raises:
            BundleUnsafeError: They lie where nothing of a registry may be.
            ServingError: REGISTRY_UNAVAILABLE, if it cannot be opened.
        """
        with _explained():
            return MlflowStore(self._repository(f"models:/{found.name}/{found.version}"))

    def _repository(self, place: str) -> Any:
        """Returns what asks a store, once it may be asked: building it may do so."""
        if self._uri.partition(":")[0] in _DATABRICKS:
            return get_artifact_repository(place)
        for _ in range(_MOST_HOPS):
            go_on = _NEXT.get(urlsplit(place).scheme)
            place = go_on(place) if go_on else place
        file = sqlite_file(self._uri)
        place = moved_home.followed(place, file) if file else place
        of_mlflow = urlsplit(place).scheme == _MLFLOW_SERVER
        allowed_address.check(_to_http(place, self._uri) if of_mlflow else place, self._uri)
        return get_artifact_repository(place)


class MlflowStore:
    """A store of any kind that MLflow knows.

    Args:
        repository: What MLflow asks it with.
    """

    def __init__(self, repository: Any) -> None:
        self._repository = repository

    def sizes(self, max_bytes: int) -> dict[str, int]:
        """Returns the bytes of each file, by name."""
        with _explained():
            return files.check_sizes(
                map(_named, self._repository.list_artifacts(BUNDLE_FOLDER)), max_bytes
            )

    def save(self, name: str, path: Path, most: int) -> None:
        """Saves a file."""
        with _explained(), _no_file_larger_than(most):
            # The public method asks the store whether this is a folder, and trusts the answer.
            self._repository._download_file(f"{BUNDLE_FOLDER}/{name}", str(path))  # noqa: SLF001


def _named(found: Any) -> tuple[str, int]:
    """Returns the name and size of a file that the store has; 0 if it does not say."""
    name = str(found.path).removeprefix(f"{BUNDLE_FOLDER}/")
    files.check_entry(name, plain_file=not found.is_dir)
    return name, max(found.file_size or 0, 0)


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


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (BundleError, ServingError):
        raise
    except Exception as error:  # Stores raise what they like.
        for number, is_it in ((errno.EFBIG, file_is_too_large), (errno.ENOSPC, disk_is_full)):
            if is_it(error):
                raise OSError(number, os.strerror(number)) from error
        if getattr(error, "error_code", None) == _DELETED:
            text = f"the version's model is not there, or no more; {PROMOTE_ANOTHER}"
            raise BundleChecksumError(text) from error
        raise _unavailable(STORE, error) from error


def _unavailable(what: str, error: BaseException) -> ServingError:
    driver = missing_driver(error)
    if driver:
        return ServingError(Reason.REGISTRY_UNAVAILABLE, f"{what} cannot be opened: {driver}")
    # The error's own text may hold addresses and keys: it stays in this process.
    return unavailable(what, type(error).__name__)
