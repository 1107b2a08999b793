"""Bundles from one folder on local disk."""

from pathlib import Path

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.challenge import NO_CHALLENGE, Challenge
from housing_grpc.model.source import Fetched, Target


class FolderSource:
    """One bundle folder, which may be replaced by another between reloads.

    Args:
        folder: The bundle.
        verifier: Says who must have signed it; without one, nobody need have.
        max_bytes: Most bytes of a bundle.
    """

    kind = "folder"

    def __init__(
        self,
        folder: Path,
        verifier: Verifier | None = None,
        *,
        max_bytes: int = files.MAX_BYTES,
    ) -> None:
        self._folder = folder
        self._verifier = verifier
        self._max_bytes = max_bytes

    def fetch(self, target: Target) -> Fetched:
        """Returns the folder's bundle; its version is the start of its digest."""
        if target.version or target.alias:
            raise ServingError(
                Reason.SOURCE_HAS_NO_VERSIONS,
                "this server serves a bundle folder, which has no versions or aliases; "
                "reload without naming one",
            )
        found = bundle_format.read(self._folder, self._verifier, max_bytes=self._max_bytes)
        digest = found.digest
        return Fetched(folder=self._folder, version=_version(digest), digest=digest)

    def wanted(self) -> str:
        """Returns the version of what lies in the folder, whole or not."""
        return _version(bundle_format.digest(self._folder, max_bytes=self._max_bytes))

    def challenge(self) -> Challenge:
        """Returns that there is none: a folder has no versions."""
        return NO_CHALLENGE

    def last_known(self) -> None:
        """Returns None: the folder is all there is."""

    def served(self, fetched: Fetched) -> None:
        """Does nothing: the folder is all there is."""


def _version(digest: str) -> str:
    return digest[:12]
