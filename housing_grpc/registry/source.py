"""Bundles from an MLflow registry, by alias or version.

MLflow runs in a child process only: it never enters the server's memory, and
what it does wrong or too slowly ends with the child.
"""

import logging
from pathlib import Path

from housing_grpc import child, log
from housing_grpc.child import ChildCrashError, ChildTimeoutError
from housing_grpc.errors import Reason, ServingError
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.source import Fetched, Target

# With nothing to fall back on, a cold start may take its time.
_FIRST_SECONDS = 60.0
_RETRY_SECONDS = 5.0

_logger = logging.getLogger(__name__)


class RegistrySource:
    """The version of a registered model that an alias names.

    Args:
        location: The registry, the model and the alias.
        cache: Where bundles are kept.
        seconds: Time that the registry and its store get to deliver.
    """

    kind = "registry"

    def __init__(self, location: RegistryLocation, cache: Path, seconds: float) -> None:
        self._location = location
        self._folder = cache
        self._cache = BundleCache(cache)
        self._seconds = seconds

    def fetch(self, target: Target) -> Fetched:
        """Brings the wanted version to the cache, verified."""
        first = self.last_known() is None
        seconds = max(self._seconds, _FIRST_SECONDS) if first else self._seconds
        request = {
            "tracking_uri": self._location.tracking_uri,
            "model_name": self._location.model_name,
            "alias": target.alias or self._location.alias,
            "version": target.version,
            "cache": str(self._folder),
        }
        try:
            answer = child.run("housing_grpc.registry.fetch", document=request, seconds=seconds)
        except ChildTimeoutError:
            raise ServingError(
                Reason.REGISTRY_UNAVAILABLE,
                f"the registry or its store did not deliver within {seconds:g} s",
                retry_seconds=_RETRY_SECONDS,
            ) from None
        except ChildCrashError as error:
            log.event(_logger, logging.ERROR, "fetch.crashed", error=error)
            raise _refusal(
                Reason.REGISTRY_UNAVAILABLE, "the process that fetches bundles crashed"
            ) from error
        if "reason" in answer:
            raise _refusal(answer["reason"], answer["message"])
        digest = answer["digest"]
        return Fetched(folder=self._cache.path(digest), version=answer["version"], digest=digest)

    def last_known(self) -> Fetched | None:
        """Returns the bundle that served last for this location."""
        return self._cache.last(self._location)

    def served(self, fetched: Fetched) -> None:
        """Notes that a bundle is live now."""
        self._cache.remember(self._location, fetched)


def _refusal(reason: str, message: str) -> ServingError:
    retry = _RETRY_SECONDS if reason == Reason.REGISTRY_UNAVAILABLE else None
    return ServingError(Reason(reason), message, retry_seconds=retry)
