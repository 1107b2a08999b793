"""Bundles from an MLflow registry, by alias or version.

Bundles are fetched in a child process: what goes wrong there, or takes too long, ends with it.
MLflow itself, where only it can ask a registry, never enters the server's memory.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from housing_grpc.base import log
from housing_grpc.base.child_environment import REGISTRY, inherited
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import digest as bundle_digest
from housing_grpc.bundle import files
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.challenge import Challenge
from housing_grpc.model.child_processes import ChildCrashError, Children, ChildTimeoutError
from housing_grpc.model.source import Fetched, Target
from housing_grpc.registry import challenge, statement_check, without_mlflow
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.error_causes import cannot_be_used, disk_is_full
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registered_version import Wanted

# With nothing to fall back on, a cold start may take its time.
_FIRST_SECONDS = 60.0
_RETRY_SECONDS = 5.0
# What a registry gets to say which version is compared.
_BESIDE_SECONDS = 2.0

_logger = logging.getLogger(__name__)


class RegistrySource:
    """The version of a registered model that an alias names.

    Args:
        location: The registry, the model and the alias.
        cache: Where bundles are kept.
        seconds: Time that the registry and its store get to deliver.
        children: Runs MLflow.
        verifier: Says who must have signed a bundle; without one, nobody need have.
        max_bytes: Most bytes of a bundle.
    """

    kind = "registry"

    def __init__(
        self,
        location: RegistryLocation,
        cache: Path,
        seconds: float,
        *,
        children: Children,
        verifier: Verifier | None = None,
        max_bytes: int = files.MAX_BYTES,
    ) -> None:
        self._location = location
        self._cache = BundleCache(cache)
        self._seconds = seconds
        self._children = children
        self._keys = str(verifier.file) if verifier else ""
        self._max_bytes = max_bytes
        self._first = True
        self._told = ("", "")
        self._told_refusal = ""
        # Of two questions at a time through the same one, the second would be refused.
        self._beside = Children()
        self._challenge_said: Challenge | None = None

    def fetch(self, target: Target) -> Fetched:
        """Brings the wanted version to the cache, verified."""
        cold = self._first and self.last_known() is None
        seconds = max(self._seconds, _FIRST_SECONDS) if cold else self._seconds
        with self._refusals_told():
            answer = self._download(target, seconds)
        digest = bundle_digest.parse(answer["digest"], "the answer of the process that fetches")
        self._tell(target, answer)
        return Fetched(folder=self._cache.path(digest), version=answer["version"], digest=digest)

    def wanted(self) -> str:
        """Returns the version that the alias names.

        Most registries are asked in this process, which takes milliseconds.
        """
        seconds, wanted = self._seconds, self._wanted(Target())

        def ask() -> str | None:
            registry = without_mlflow.registry(
                self._location.tracking_uri, seconds, inherited(REGISTRY)
            )
            if registry is None:
                return None
            found = registry.find(wanted)
            statement_check.check(found, wanted, self._location, self._cache, self._keys)
            return found.version

        with self._refusals_told():
            try:
                version = self._children.ask(ask, seconds)
            except ChildTimeoutError:
                raise _too_slow(seconds) from None
            except OSError as error:
                raise self._no_cache(cannot_be_used(error), full=disk_is_full(error)) from error
            return version or self._ask(Target(), seconds)["version"]

    def challenge(self) -> Challenge | None:
        """Returns which version the alias of challengers names, and what the tags say of it.

        Most registries are asked in this process; of the others, what the last process said counts.
        """

        def ask() -> tuple[bool, Challenge | None]:
            place, environment = self._location, inherited(REGISTRY)
            registry = without_mlflow.registry(place.tracking_uri, _BESIDE_SECONDS, environment)
            if registry is None:
                return True, None
            return False, challenge.asked(registry, place.model_name)

        try:
            in_child, found = self._beside.ask(ask, _BESIDE_SECONDS)
        except (ChildTimeoutError, ServingError):
            return None
        return self._challenge_said if in_child else found

    def last_known(self) -> Fetched | None:
        """Returns the bundle that served last for this location."""
        return self._cache.last(self._location)

    def served(self, fetched: Fetched) -> None:
        """Notes that a bundle is live now."""
        self._first = False
        self._cache.remember(self._location, fetched)

    def _download(self, target: Target, seconds: float) -> Any:
        try:
            # However the child ends, killed at its time limit, too, nothing of it stays.
            with self._cache.part() as part:
                return self._ask(target, seconds, part=str(part))
        except OSError as error:
            raise self._no_cache(cannot_be_used(error), full=disk_is_full(error)) from error

    def _ask(self, target: Target, seconds: float, *, part: str = "") -> Any:
        request = {
            "tracking_uri": self._location.tracking_uri,
            "wanted": asdict(self._wanted(target)),
            "cache": str(self._cache.folder),
            "part": part,
            "public_key_file": self._keys,
            "max_bytes": self._max_bytes,
            "seconds": seconds,
            "tell_unless": self._version_told(target),
        }
        try:
            answer = self._children.run(
                "housing_grpc.registry.fetch_child",
                document=request,
                seconds=seconds + without_mlflow.MLFLOW_SECONDS,
                needs=[REGISTRY],
            )
        except ChildTimeoutError:
            raise _too_slow(seconds) from None
        except ChildCrashError as error:
            log.event(_logger, logging.ERROR, "fetch.crashed", error=error)
            raise _unavailable("the process that fetches bundles crashed") from error
        if "late" in answer:
            raise _too_slow(seconds)
        if "cache_full" in answer:
            raise self._no_cache(answer["message"], full=answer["cache_full"])
        if "reason" in answer:
            raise _refusal(answer["reason"], answer["message"])
        if "challenge" in answer:
            self._challenge_said = msgspec.convert(answer["challenge"], Challenge)
        return answer

    def _version_told(self, target: Target) -> str | None:
        """Returns the version of the alias whose history was looked at; None for no look at all."""
        if target.version is not None:
            return None
        alias, version = self._told
        return version if alias == self._wanted(target).alias else ""

    def _tell(self, target: Target, answer: Mapping[str, Any]) -> None:
        """Says in the log, once for each version, that an alias was moved by hand."""
        if target.version is not None:
            return
        alias, by_hand = self._wanted(target).alias, answer.get("by_hand")
        self._told = (alias, answer["version"])
        if by_hand:
            log.event(
                _logger, logging.WARNING, "alias.moved_by_hand",
                alias=alias, version=answer["version"],
                entry=by_hand["entry"], history_version=str(by_hand["version"]),
            )  # fmt: skip

    @contextmanager
    def _refusals_told(self) -> Iterator[None]:
        """Says in the log, once for each, why an alias is not followed."""
        try:
            yield
        except ServingError as error:
            if error.reason is Reason.BUNDLE_DOWNGRADE and error.message != self._told_refusal:
                self._told_refusal = error.message
                log.event(_logger, logging.WARNING, "alias.refused", message=error.message)
            raise
        self._told_refusal = ""

    def _wanted(self, target: Target) -> Wanted:
        alias = target.alias or self._location.alias
        return Wanted(name=self._location.model_name, alias=alias, version=target.version)

    def _no_cache(self, message: str, *, full: bool) -> ServingError:
        if full:
            # The caller does not learn where it is, but whoever reads the log has to know.
            log.event(
                _logger, logging.ERROR, "cache.full", folder=self._cache.folder, message=message
            )
        return _unavailable(message)


def _too_slow(seconds: float) -> ServingError:
    return _unavailable(
        f"the registry or its store did not deliver within {seconds:g} s, which"
        " REGISTRY_TIMEOUT_SECONDS sets"
    )


def _unavailable(message: str) -> ServingError:
    return _refusal(Reason.REGISTRY_UNAVAILABLE, message)


def _refusal(reason: str, message: str) -> ServingError:
    retry = _RETRY_SECONDS if reason == Reason.REGISTRY_UNAVAILABLE else None
    return ServingError(Reason[reason], message, retry_seconds=retry)
