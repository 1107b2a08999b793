"""Reads the versions of the registered model, and which of them the alias names."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation

_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Version:
    """A registered version.

    Attributes:
        number: Of the version.
        run_id: Run that trained it.
        model: Type of model.
        preprocessing: How missing values are filled.
        rmse: Of the hold-out, in the target's unit, or None if it is not known.
        cv_rmse: Mean over the folds, or None if there were none.
        digest: Of its bundle, or "" if it has none.
        aliases: That name it.
        created: When, in UTC.
    """

    number: int
    run_id: str
    model: str
    preprocessing: str
    rmse: float | None
    cv_rmse: float | None
    digest: str
    aliases: tuple[str, ...]
    created: datetime


def versions(client: MlflowClient, location: RegistryLocation) -> list[Version]:
    """Return all versions, the newest first; none if there is no registered model yet."""
    names: dict[int, list[str]] = {}
    for alias, number in _aliases(client, location).items():
        names.setdefault(number, []).append(alias)
    return [
        _version(found, tuple(names.get(int(found.version), ())))
        for found in found_versions(client, location)
    ]


def promoted(client: MlflowClient, location: RegistryLocation) -> int | None:
    """Return the version that the alias names, or None if it names none that is there."""
    number = _aliases(client, location).get(location.alias)
    known = {int(version.version) for version in found_versions(client, location)}
    return number if number in known else None


def found_versions(client: MlflowClient, location: RegistryLocation) -> list[ModelVersion]:
    """Return MLflow's own entries of all versions, the newest first."""
    # A quote in the name would end the filter's text.
    name = location.model_name.replace("'", "''")
    found: list[ModelVersion] = []
    token = None
    while True:
        page = client.search_model_versions(f"name='{name}'", max_results=_PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return sorted(found, key=lambda version: -int(version.version))


def _aliases(client: MlflowClient, location: RegistryLocation) -> dict[str, int]:
    try:
        model = client.get_registered_model(location.model_name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}
    return {alias: int(number) for alias, number in model.aliases.items()}


def _version(found: ModelVersion, aliases: tuple[str, ...]) -> Version:
    tags = found.tags
    return Version(
        number=int(found.version),
        run_id=found.run_id or "",
        model=tags.get("model_type", ""),
        preprocessing=tags.get("preprocessing", ""),
        rmse=_number(tags.get("rmse")),
        cv_rmse=_number(tags.get("cv_rmse")),
        digest=tags.get(DIGEST_TAG, ""),
        aliases=aliases,
        created=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
    )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:  # Anybody may set tags.
        return None
