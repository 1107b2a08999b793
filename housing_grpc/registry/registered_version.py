"""A version of the registered model: how it is asked for, and what a registry says of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.registry.store import Store

# As MLflow numbers them; the text becomes a part of an address, a label and a log line.
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def is_version(text: str) -> bool:
    """Returns whether a text is the number of a version."""
    return _NUMBER.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A version that is asked for, by its number or else by an alias."""

    name: str
    alias: str
    version: str | None = None

    def absent(self) -> ServingError:
        """Returns the error of a registry that has no such version."""
        what = f"version {self.version}" if self.version else f"alias '{self.alias}'"
        return ServingError(
            Reason.MODEL_NOT_FOUND,
            f"model '{self.name}' has no {what}; `housing-admin models` lists what there is",
        )


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """What a registry says of a version.

    Attributes:
        name: Of the registered model.
        version: Its number, as text.
        digest_tag: What the version was registered with, or None.
        statement: Kept with it, that the alias that was asked for names it; or None.
    """

    name: str
    version: str
    digest_tag: str | None
    statement: str | None = None

    def checked(self, wanted: Wanted) -> "RegisteredVersion":
        """Returns it, if it is one and the one that was asked for.

        Raises:
            ServingError: It is not.
        """
        number = wanted.version or self.version
        if self.name != wanted.name or self.version != number or not is_version(number):
            raise ServingError(
                Reason.REGISTRY_UNAVAILABLE,
                "the registry answers with another version than it was asked for",
            )
        return self


@dataclass(frozen=True, kw_only=True)
class RegisteredModel:
    """What a registry says of a registered model.

    Attributes:
        aliases: The version that each names, as text.
        tags: By name.
    """

    aliases: Mapping[str, str]
    tags: Mapping[str, str]


class Registry(Protocol):
    """Has versions, and says where their files lie."""

    def find(self, wanted: Wanted) -> RegisteredVersion:
        """Returns the version that is asked for.

        Raises:
            ServingError: There is none, or the registry cannot say.
        """
        ...

    def model(self, name: str) -> RegisteredModel:
        """Returns what is known of a registered model.

        Raises:
            ServingError: There is none, or the registry cannot say.
        """
        ...

    def store(self, found: RegisteredVersion) -> Store | None:
        """Returns where the files of a version lie; None if it cannot be asked from here.

        Raises:
            ServingError: The registry cannot say.
        """
        ...


def unavailable(what: str, why: object) -> ServingError:
    """Returns the error of a registry or a store that cannot be asked now.

    Args:
        what: "the registry" or "the artifact store".
        why: One word; texts of libraries may hold addresses and keys.
    """
    return ServingError(Reason.REGISTRY_UNAVAILABLE, f"{what} does not answer ({why})")
