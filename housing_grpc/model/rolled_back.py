"""The versions that were rolled back from."""

from enum import StrEnum

from housing_grpc.base.errors import Reason, ServingError


class Cause(StrEnum):
    """Why the previous model came back."""

    REQUEST = "request"
    AUTOMATIC = "automatic"


class RolledBack:
    """Says which versions are not to come back by themselves, and which not to go."""

    def __init__(self) -> None:
        self._barred: set[str] = set()
        self._automatically: set[str] = set()

    def add(self, version: str, cause: Cause) -> None:
        """Notes that the version before came back."""
        self._barred.add(version)
        if cause is Cause.AUTOMATIC:
            self._automatically.add(version)

    def automatically(self, version: str) -> bool:
        """Returns whether the server itself has rolled back from a version, some time ago."""
        return version in self._automatically

    def check(self, version: str) -> None:
        """Refuses a version that the source names by itself; another one lifts all bars.

        Raises:
            ServingError: ROLLED_BACK.
        """
        # guard: what was rolled back does not come back by itself
        if version in self._barred:
            raise ServingError(
                Reason.ROLLED_BACK,
                f"version {version} was rolled back from, so it is not followed; move the alias to "
                "another version, or reload this one by request",
            )
        self._barred.clear()

    def chosen(self, version: str) -> None:
        """Lifts the bar of a version that serves again, as an operator wants it to."""
        self._barred.discard(version)
