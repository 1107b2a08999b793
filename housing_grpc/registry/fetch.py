"""Fetches a registered bundle; the child process of `registry.source`.

Reads the request as JSON from standard input and answers on standard output
with `{"version", "digest"}`, of which the digest only if the bundle itself is asked
for, or with `{"reason", "message"}`.
"""

import errno
import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleChecksumError, BundleError, BundleFormatError
from housing_grpc.bundle.signature import Verifier
from housing_grpc.errors import Reason, ServingError
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.causes import disk_is_full, missing_driver
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG

for _name, _value in {
    # MLflow's own defaults are 7 tries of 120 s each.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "4",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}.items():
    os.environ.setdefault(_name, _value)

# After the variables: the import alone would start its telemetry.
import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

# As MLflow numbers them; the text becomes a part of an address, a label and a log line.
_VERSION = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_SQLITE = "sqlite:///"
_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})


def main() -> None:
    """Answers one request."""
    # Libraries may print; the answer alone goes to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answer: dict[str, Any]
    try:
        answer = _fetch(json.load(sys.stdin))
    except ServingError as error:
        answer = {"reason": error.reason.value, "message": error.message}
    except BundleError as error:
        answer = {"reason": error.reason, "message": str(error)}
    except OSError as error:  # Of the cache: those of the registry are told as its own.
        answer = {
            "reason": Reason.REGISTRY_UNAVAILABLE,
            "message": f"the bundle cache cannot be used: {error.strerror}",
            "cache_full": disk_is_full(error),
        }
    json.dump(answer, answers)
    answers.close()


def _fetch(request: dict[str, Any]) -> dict[str, str]:
    _refuse_absent_sqlite(request["tracking_uri"])
    found = _resolve(request)
    version = str(found.version)
    if not request["fetch"]:
        return {"version": version}
    cache = BundleCache(Path(request["cache"]))
    keys = request["public_key_file"]
    verifier = Verifier(Path(keys)) if keys else None
    tagged = _tagged_digest(found)
    if _is_whole(cache, tagged, verifier):
        return {"version": version, "digest": tagged}
    return {"version": version, "digest": _download(cache, found, tagged, verifier)}


def _refuse_absent_sqlite(uri: str) -> None:
    # MLflow would make an empty registry there.
    if uri.startswith(_SQLITE) and not Path(uri.removeprefix(_SQLITE)).is_file():
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
            " `python -m admin register RUN_ID` registers its run again"
        )
    return bundle_digest.parse(tagged, f"the tag {DIGEST_TAG} of version {found.version}")


def _is_whole(cache: BundleCache, digest: Digest, verifier: Verifier | None) -> bool:
    if not cache.path(digest).is_dir():
        return False
    try:
        return bundle_format.read(cache.path(digest), verifier).digest == digest
    except BundleError:
        cache.discard(digest)
        return False


def _download(cache: BundleCache, found: Any, tagged: Digest, verifier: Verifier | None) -> Digest:
    part = cache.part()
    try:
        uri = f"models:/{found.name}/{found.version}/{BUNDLE_FOLDER}"
        try:
            folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(part)))
        except Exception as error:  # Stores raise what they like.
            if disk_is_full(error):
                raise _full(uri) from error
            raise _unavailable("the artifact store", error) from error
        if not folder.is_dir():
            raise BundleError(f"version {found.version} holds no bundle")
        digest = bundle_format.read(folder, verifier).digest
        if tagged != digest:
            raise BundleChecksumError(
                f"version {found.version}: the bundle is not the one that was registered"
            )
        cache.keep(folder, digest)
        return digest
    finally:
        cache.discard_part(part)


def _full(uri: str) -> OSError:
    text = os.strerror(errno.ENOSPC)
    # If the store has gone away, too, the size is all that is lost.
    with suppress(Exception):
        sizes = [file.file_size or 0 for file in mlflow.artifacts.list_artifacts(artifact_uri=uri)]
        text = f"{text}, {sum(sizes)} bytes are needed"
    return OSError(errno.ENOSPC, text)


def _unavailable(what: str, error: Exception) -> ServingError:
    driver = missing_driver(error)
    if driver:
        return ServingError(Reason.REGISTRY_UNAVAILABLE, f"{what} cannot be opened: {driver}")
    # The error's own text may hold addresses and keys: it stays in this process.
    return ServingError(
        Reason.REGISTRY_UNAVAILABLE, f"{what} does not answer ({type(error).__name__})"
    )


if __name__ == "__main__":
    main()
