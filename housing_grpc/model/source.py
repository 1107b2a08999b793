"""Where bundles come from: a source says which version is wanted and fetches it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from housing_grpc.bundle.digest import Digest
from housing_grpc.model.challenge import Challenge


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
        version: As callers see it.
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
        """What callers see, such as "registry"."""
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

    def challenge(self) -> Challenge | None:
        """Returns which model is to be compared with the live one now.

        Returns:
            None if that cannot be told now.
        """
        ...

    def last_known(self) -> Fetched | None:
        """Returns the bundle that served last, for when the source does not answer."""
        ...

    def served(self, fetched: Fetched) -> None:
        """Notes that a bundle is live now, for `last_known`."""
        ...
