"""Fetches a registered bundle; the child process of `registry_source`.

Reads the request as JSON from standard input and answers on standard output
with `{"version", "digest"}`, of which the digest only if there is a `part` to download
to, or with `{"reason", "message"}`. Where the alias was moved by hand, `by_hand` says so, and
`challenge` which version is compared with the one that serves.
"""

import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import msgspec

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleChecksumError, BundleError, BundleFormatError
from housing_grpc.bundle.signature import Verifier
from housing_grpc.registry import challenge, history, statement_check, without_mlflow
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.download import download
from housing_grpc.registry.error_causes import cannot_be_used, disk_is_full
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation
from housing_grpc.registry.registered_version import (
    RegisteredModel,
    RegisteredVersion,
    Wanted,
)
from housing_grpc.registry.store import Store

# MLflow takes 200 MB.
_MEMORY_BYTES = 2**30
_BESIDE_SECONDS = 1.0


def main() -> None:
    """Answers one request."""
    # Libraries may print; the answer alone goes to standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    # Ends it also should its parent be gone.
    signal.signal(signal.SIGALRM, lambda *_: _give_up(answers, {"late": True}))
    # guard: the time of a fetch
    signal.setitimer(signal.ITIMER_REAL, request["seconds"])
    _limit_memory()
    if request["part"]:  # Temporary files of libraries go there, too, and are removed with it.
        tempfile.tempdir = os.environ["TMPDIR"] = request["part"]
    found = answer(request)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if "version" in found:
        # What was asked for is here, whatever comes of this question.
        signal.signal(signal.SIGALRM, lambda *_: _give_up(answers, found))
        # Beside the limit of each question: MLflow itself may take longer.
        signal.setitimer(signal.ITIMER_REAL, _BESIDE_SECONDS)
        said = beside(request, found)
        signal.setitimer(signal.ITIMER_REAL, 0)
        found |= said
    json.dump(found, answers)
    answers.close()


def _give_up(answers: IO[str], document: Mapping[str, Any]) -> None:
    """Answers, as the time is up, and ends this process with all that libraries have started."""
    json.dump(document, answers)
    answers.close()
    os.killpg(0, signal.SIGKILL)


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


def beside(request: dict[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the registered model says beside the version that was asked for.

    Args:
        request: As of `answer`.
        found: The answer.

    Returns:
        Nothing, if it cannot be asked.
    """
    uri, wanted = request["tracking_uri"], Wanted(**request["wanted"])
    tells = "digest" in found and request["tell_unless"] not in (None, found["version"])
    try:
        registry = without_mlflow.registry(uri, _BESIDE_SECONDS, os.environ)
        if registry is not None and not tells:
            return {}  # Whoever wants to know what is compared asks such a one without a child.
        model = (registry or _mlflow(uri)).model(wanted.name)
        said = {"challenge": msgspec.to_builtins(challenge.read(model.aliases, model.tags))}
        if tells and (moved := moved_by_hand(model, wanted.alias, found["version"])):
            said["by_hand"] = moved
    except Exception:  # noqa: BLE001 (whatever is wrong with it, the version is served)
        return {}
    return said


def moved_by_hand(model: RegisteredModel, alias: str, version: str) -> dict[str, int] | None:
    """Returns what the history of an alias says, if it is not that it names this version.

    Args:
        model: What the registry says of the registered model.
        alias: Of the model.
        version: That the alias names.

    Returns:
        Place of the last entry, and the version that it names; None if there is nothing to say,
        or the history cannot be read.
    """
    entries = history.read(model.tags)
    # It may have been moved again meanwhile, which the next look will show.
    if entries is None or model.aliases.get(alias) != version:
        return None
    last = history.moved_by_hand(entries, alias, int(version))
    return {"entry": last.sequence, "version": last.to_version} if last else None


def _limit_memory() -> None:
    # An answer may be of any length, and libraries take it as a whole.
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = _MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(_MEMORY_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _fetch(request: dict[str, Any]) -> dict[str, str]:
    uri, wanted = request["tracking_uri"], Wanted(**request["wanted"])
    registry = without_mlflow.registry(uri, request["seconds"], os.environ)
    found = (registry or _mlflow(uri)).find(wanted)
    cache = BundleCache(Path(request["cache"]))
    location = RegistryLocation(tracking_uri=uri, model_name=wanted.name, alias=wanted.alias)
    statement_check.check(found, wanted, location, cache, request["public_key_file"])
    if not request["part"]:
        return {"version": found.version}
    digest = _tagged_digest(found)
    if not _is_kept(request, digest, cache):
        store = (registry and registry.store(found)) or _mlflow(uri).store(found)
        _download(request, store, found.version, digest, cache)
    return {"version": found.version, "digest": digest}


def _mlflow(uri: str) -> Any:
    """Returns what asks any registry; the time that its import takes counts for nobody."""
    left, _ = signal.setitimer(signal.ITIMER_REAL, without_mlflow.MLFLOW_SECONDS)
    from housing_grpc.registry.mlflow_library import MlflowLibrary

    signal.setitimer(signal.ITIMER_REAL, left)
    return MlflowLibrary(uri)


def _tagged_digest(found: RegisteredVersion) -> Digest:
    """Returns the digest that the version was registered with; nothing else names a bundle."""
    if found.digest_tag is None:
        raise BundleFormatError(
            f"version {found.version} has no tag {DIGEST_TAG}, which says what its bundle must be;"
            " `housing-admin register RUN_ID` registers its run again"
        )
    return bundle_digest.parse(found.digest_tag, f"the tag {DIGEST_TAG} of version {found.version}")


def _is_kept(request: dict[str, Any], digest: Digest, cache: BundleCache) -> bool:
    """Returns whether the cache has the bundle, and this server may serve it as it is.

    If not, it stays there until a better one has come: what is wrong may be a key file that is
    away or a limit, and not the bundle, which the next start needs should the registry be down.
    """
    try:
        return _is_bundle(cache.path(digest), digest, request)
    except BundleError:
        return False


def _download(
    request: dict[str, Any], store: Store, version: str, digest: Digest, cache: BundleCache
) -> None:
    folder = download(store, version, Path(request["part"]), request["max_bytes"])
    if not _is_bundle(folder, digest, request):
        raise BundleChecksumError(
            f"version {version}: the bundle is not the one that was registered"
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


if __name__ == "__main__":
    main()
