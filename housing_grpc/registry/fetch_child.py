"""Fetches a registered bundle; the child process of `registry_source`.

Reads the request as JSON from standard input and answers on standard output
with `{"version", "digest"}`, of which the digest only if there is a `part` to download
to, or with `{"reason", "message"}`.
"""

import json
import math
import os
import re
import resource
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleChecksumError, BundleError, BundleFormatError
from housing_grpc.bundle.signature import Verifier
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.error_causes import cannot_be_used, disk_is_full, missing_driver
from housing_grpc.registry.location import DIGEST_TAG, keep_loopback_direct, sqlite_file

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

from housing_grpc.registry.download import StoreError, download  # noqa: E402

# As MLflow numbers them; the text becomes a part of an address, a label and a log line.
_VERSION = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_ORPHAN_SECONDS = 5
# MLflow takes 200 MB.
_MEMORY_BYTES = 2**30
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


def main() -> None:
    """Answers one request."""
    # Libraries may print; the answer alone goes to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    # Its parent kills it earlier. This ends it should the parent be gone.
    signal.alarm(math.ceil(request["seconds"]) + _ORPHAN_SECONDS)
    _limit_memory()
    if request["part"]:  # Temporary files of libraries go there, too, and are removed with it.
        tempfile.tempdir = os.environ["TMPDIR"] = request["part"]
    json.dump(answer(request), answers)
    answers.close()


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Returns what a request gets: a version, or the reason why there is none."""
    try:
        return _fetch(request)
    except ServingError as error:
        return {"reason": error.reason.value, "message": error.message}
    except BundleError as error:
        return {"reason": error.reason, "message": str(error)}
    except OSError as error:  # Of the cache: those of the registry are reported as its own.
        return {
            "reason": Reason.REGISTRY_UNAVAILABLE,
            "message": cannot_be_used(error),
            "cache_full": disk_is_full(error),
        }


def _limit_memory() -> None:
    # An answer may be of any length, and libraries take it as a whole.
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _fetch(request: dict[str, Any]) -> dict[str, str]:
    _refuse_absent_sqlite(request["tracking_uri"])
    found = _resolve(request)
    version = str(found.version)
    if not request["part"]:
        return {"version": version}
    cache = BundleCache(Path(request["cache"]))
    digest = _tagged_digest(found)
    if not _is_kept(request, digest, cache):
        _download(request, found, digest, cache)
    return {"version": version, "digest": digest}


def _refuse_absent_sqlite(uri: str) -> None:
    # MLflow would make an empty registry there.
    file = sqlite_file(uri)
    if file is not None and not file.is_file():
        raise ServingError(
            Reason.MODEL_NOT_FOUND,
            "there is no registry yet; `housing-admin seed` makes one with a first model",
        )


def _resolve(request: dict[str, Any]) -> Any:
    name, version, alias = request["model_name"], request["version"], request["alias"]
    try:
        mlflow.set_tracking_uri(request["tracking_uri"])
        # Or else a variable of MLflow's own could name another registry.
        mlflow.set_registry_uri(request["tracking_uri"])
        client = mlflow.MlflowClient()
        if version:
            return _checked(client.get_model_version(name, version), name, version)
        return _checked(client.get_model_version_by_alias(name, alias), name, None)
    except MlflowException as error:
        if error.error_code not in _ABSENT:
            raise _unavailable("the registry", error) from error
        wanted = f"version {version}" if version else f"alias '{alias}'"
        raise ServingError(
            Reason.MODEL_NOT_FOUND,
            f"model '{name}' has no {wanted}; `housing-admin models` lists what there is",
        ) from error
    except ServingError:
        raise
    except Exception as error:  # Drivers and HTTP clients raise what they like.
        raise _unavailable("the registry", error) from error


def _checked(found: Any, name: str, version: str | None) -> Any:
    """Refuses an answer about something else than was asked, or that is no version."""
    number = str(found.version)
    if found.name != name or number != (version or number) or not _VERSION.fullmatch(number):
        raise ServingError(
            Reason.REGISTRY_UNAVAILABLE,
            "the registry answers with another version than it was asked for",
        )
    return found


def _tagged_digest(found: Any) -> Digest:
    """Returns the digest that the version was registered with; nothing else names a bundle."""
    tagged = found.tags.get(DIGEST_TAG)
    if tagged is None:
        raise BundleFormatError(
            f"version {found.version} has no tag {DIGEST_TAG}, which says what its bundle must be;"
            " `housing-admin register RUN_ID` registers its run again"
        )
    return bundle_digest.parse(tagged, f"the tag {DIGEST_TAG} of version {found.version}")


def _is_kept(request: dict[str, Any], digest: Digest, cache: BundleCache) -> bool:
    """Returns whether the cache has the bundle, and this server may serve it as it is.

    If not, it stays there until a better one has come: what is wrong may be a key file that is
    away or a limit, and not the bundle, which the next start needs should the registry be down.
    """
    try:
        return _is_bundle(cache.path(digest), digest, request)
    except BundleError:
        return False


def _download(request: dict[str, Any], found: Any, digest: Digest, cache: BundleCache) -> None:
    uri = f"models:/{found.name}/{found.version}"
    try:
        folder = download(uri, request["tracking_uri"], Path(request["part"]), request["max_bytes"])
    except StoreError as error:
        raise _unavailable("the artifact store", error.__cause__ or error) from error
    if not _is_bundle(folder, digest, request):
        raise BundleChecksumError(
            f"version {found.version}: the bundle is not the one that was registered"
        )
    # Asked again, as another server may have brought it meanwhile.
    if not _is_kept(request, digest, cache):
        cache.discard(digest)
    cache.keep(folder, digest)


def _is_bundle(folder: Path, digest: Digest, request: dict[str, Any]) -> bool:
    """Returns whether a folder holds the bundle of a digest.

    That is asked before anything is parsed: what was damaged on its way would be taken for
    a bundle of another format, and so for one that is no better the next time.

    Raises:
        BundleError: It holds none that can be served.
    """
    max_bytes, keys = request["max_bytes"], request["public_key_file"]
    if bundle_format.digest(folder, max_bytes=max_bytes) != digest:
        return False
    verifier = Verifier(Path(keys)) if keys else None
    return bundle_format.read(folder, verifier, max_bytes=max_bytes).digest == digest


def _unavailable(what: str, error: BaseException) -> ServingError:
    driver = missing_driver(error)
    if driver:
        return ServingError(Reason.REGISTRY_UNAVAILABLE, f"{what} cannot be opened: {driver}")
    # The error's own text may hold addresses and keys: it stays in this process.
    return ServingError(
        Reason.REGISTRY_UNAVAILABLE, f"{what} does not answer ({type(error).__name__})"
    )


if __name__ == "__main__":
    main()
