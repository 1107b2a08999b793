"""What MLflow keeps of runs and versions, and what is asked of it, whoever answers.

Most is asked in one of three ways: of MLflow's tables in a file (`file_records`), of an MLflow
server (`server_records`), or else of MLflow itself (`client`), whose import takes seconds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from housing_grpc.bundle.digest import is_digest
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation

from ..base.errors import RegistryError
from .tags import BUNDLE_BYTES_TAG, DATA_FILE_TAG, MODEL_ID_TAG, REGISTERED_BY_TAG

NEWEST_FIRST = "attributes.start_time DESC"
"""Order of runs in MLflow's searches; those of the same moment go by their id."""

# Anybody may set tags.
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)

TRAINED_A_MODEL = "params.model != ''"
"""Filter of such searches: not the brackets around experiments."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered version.

    Attributes:
        number: Of the version.
        run_id: Run that trained it, or "".
        source: Where it is from, such as "models:/m-0123".
        created: When, in UTC.
        tags: By name.
        aliases: That name it, sorted.
    """

    number: int
    run_id: str
    source: str
    created: datetime
    tags: Mapping[str, str]
    aliases: tuple[str, ...]

    @property
    def model(self) -> str:
        """Type of model, or ""."""
        return self.tags.get("model_type", "")

    @property
    def preprocessing(self) -> str:
        """How missing values are filled, or ""."""
        return self.tags.get("preprocessing", "")

    @property
    def rmse(self) -> float | None:
        """Of the hold-out, in the target's unit, or None if it is not known."""
        return _number(self.tags.get("rmse"))

    @property
    def cv_rmse(self) -> float | None:
        """Mean over the folds, or None if there were none."""
        return _number(self.tags.get("cv_rmse"))

    @property
    def digest(self) -> str:
        """Of its bundle, or "" if it has none: what is no digest is no bundle's."""
        text = self.tags.get(DIGEST_TAG, "")
        # guard: the tag of a version's digest
        return text if is_digest(text) else ""

    @property
    def gate(self) -> str:
        """What the last gate before a promotion said, such as "PASS", or ""."""
        return self.tags.get("gate_verdict", "")

    @property
    def data(self) -> str:
        """Name of the file that it was trained on, or ""."""
        return self.tags.get(DATA_FILE_TAG, "")

    @property
    def bytes(self) -> int | None:
        """Of its bundle's files, or None if it is not known."""
        text = self.tags.get(BUNDLE_BYTES_TAG, "")
        return int(text) if _WHOLE.fullmatch(text) else None

    @property
    def registered_by(self) -> str:
        """Who registered it, or ""."""
        return self.tags.get(REGISTERED_BY_TAG, "")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run.

    Attributes:
        run_id: Its id.
        started: When, in UTC.
        status: Such as "FINISHED".
        params: By name.
        metrics: The latest value of each, by name.
        tags: By name.
    """

    run_id: str
    started: datetime
    status: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]

    @property
    def model_id(self) -> str:
        """Logged model that holds its bundle, or "" if it has none, and cannot be registered."""
        return self.tags.get(MODEL_ID_TAG, "")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """What runs belong to: its id, and whether it is there rather than deleted."""

    experiment_id: str
    active: bool


class Records(Protocol):
    """Answers what is asked of MLflow."""

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a registered model, the newest first; none if there is none."""
        ...

    def experiment(self, name: str) -> Experiment | None:
        """Return the experiment of a name, or None."""
        ...

    def latest_runs(self, experiment_id: str, limit: int) -> list[Run]:
        """Return the latest runs that trained a model, the newest first."""
        ...

    def runs_beginning(self, experiment_id: str, text: str, limit: int) -> list[Run]:
        """Return runs whose id begins with a text of hexadecimal digits."""
        ...

    def run(self, run_id: str) -> Run | None:
        """Return the run of an id, or None."""
        ...

    def has_file(self, model_id: str, folder: str, name: str) -> bool:
        """Return whether a folder of a logged model has a file; not if there is no such model."""
        ...

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias of a registered model name a version."""
        ...

    def model_tags(self, name: str) -> Mapping[str, str]:
        """Return the tags of a registered model; none if there is no such model."""
        ...

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a registered model."""
        ...

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version of a registered model."""
        ...


def promoted(records: Records, location: RegistryLocation) -> int | None:
    """Return the version that the alias names, or None if it names none that is there."""
    found = records.versions(location.model_name)
    return next((each.number for each in found if location.alias in each.aliases), None)


def of_model(name: str) -> str:
    """Return the filter of MLflow's searches for the versions of a registered model."""
    # Within one kind of quotes, MLflow takes the other kind, and none of the same however written.
    quote = '"' if "'" in name else "'"
    return f"name={quote}{name}{quote}"


def beginning_with(text: str) -> str:
    """Return the filter for runs whose id begins with a text of hexadecimal digits."""
    return f"attributes.run_id LIKE '{text}%'"


def find_version(found: Sequence[Version], location: RegistryLocation, number: int) -> Version:
    """Return the version of a number.

    Args:
        found: All versions of the registered model.
        location: Names it.
        number: Of the version.

    Raises:
        RegistryError: There is none.
    """
    for version in found:
        if version.number == number:
            return version
    known = ", ".join(str(each.number) for each in reversed(found)) or "none"
    raise RegistryError(
        f"{location.model_name} has no version {number}; it has: {known}"
        f"{'' if found else '; register a run first: housing-admin register RUN_ID'}"
    )


def moment(milliseconds: int | None) -> datetime:
    """Return a moment, as MLflow writes it, in UTC; 1970 if there is none.

    Anybody may say when a run began: what is beyond all years counts as none, too.
    """
    try:
        return datetime.fromtimestamp((milliseconds or 0) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def naming(aliases: Mapping[str, int], number: int) -> tuple[str, ...]:
    """Return the aliases that name a version, sorted."""
    return tuple(sorted(alias for alias, named in aliases.items() if named == number))


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:  # Anybody may set tags.
        return None
