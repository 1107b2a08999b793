"""Where bundles come from: a source says which version is wanted and fetches it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.signature import Verifier


@dataclass(frozen=True, kw_only=True)
class Target:
    """Which model is asked for; neither means what the source itself says.

    Attributes:
        version: A registered version.
        alias: An alias of the registered model.
    """

    version: str | None = None
    alias: str | None = None


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A bundle on local disk.

    Attributes:
        folder: The bundle.
        version: What callers are told.
        digest: Of the bundle.
        stale: Whether the source could not be asked, and this is its last word.
    """

    folder: Path
    version: str
    digest: Digest
    stale: bool = False


class Source(Protocol):
    """Says which version is wanted and fetches it."""

    @property
    def kind(self) -> str:
        """What callers are told, such as "registry"."""
        ...

    def fetch(self, target: Target) -> Fetched:
        """Brings the wanted bundle to local disk, verified.

        Raises:
            ServingError: It is not there, cannot be had now, or is damaged.
            BundleError: The same of a bundle.
        """
        ...

    def wanted(self) -> str:
        """Returns the version that the source itself names now, without fetching it.

        Raises:
            ServingError: There is none, or it cannot be asked.
            BundleError: The same of a bundle.
        """
        ...

    def last_known(self) -> Fetched | None:
        """Returns the bundle that served last, for when the source does not answer."""
        ...

    def served(self, fetched: Fetched) -> None:
        """Notes that a bundle is live now, for `last_known`."""
        ...


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

    def last_known(self) -> None:
        """Returns None: the folder is all there is."""

    def served(self, fetched: Fetched) -> None:
        """Does nothing: the folder is all there is."""


def _version(digest: str) -> str:
    return digest[:12]
