"""MLflow's own client, which also answers as `records` has it, whatever MLflow is kept in."""

from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from .records import (
    NEWEST_FIRST,
    TRAINED_A_MODEL,
    Experiment,
    Run,
    Version,
    beginning_with,
    moment,
    naming,
    of_model,
)

_ABSENT = frozenset({"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"})
_PAGE = 1000


class Client(MlflowClient):
    """MLflow's client."""

    def versions(self, name: str) -> list[Version]:
        """Return all versions of a registered model, the newest first."""
        try:
            named = self.get_registered_model(name).aliases
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return []
        aliases = {alias: int(number) for alias, number in named.items()}
        found: list[Version] = []
        token = None
        while True:
            page = self.search_model_versions(of_model(name), max_results=_PAGE, page_token=token)
            found += [_version(each, aliases) for each in page]
            token = page.token
            if not token:
                return sorted(found, key=lambda version: -version.number)

    def experiment(self, name: str) -> Experiment | None:
        """Return the experiment of a name, or None."""
        found = self.get_experiment_by_name(name)
        if found is None:
            return None
        active = found.lifecycle_stage == "active"
        return Experiment(experiment_id=str(found.experiment_id), active=active)

    def latest_runs(self, experiment_id: str, limit: int) -> list[Run]:
        """Return the latest runs that trained a model, the newest first."""
        found = self.search_runs(
            [experiment_id], TRAINED_A_MODEL, max_results=limit, order_by=[NEWEST_FIRST]
        )
        return [_run(each) for each in found]

    def runs_beginning(self, experiment_id: str, text: str, limit: int) -> list[Run]:
        """Return runs whose id begins with a text of hexadecimal digits."""
        found = self.search_runs([experiment_id], beginning_with(text), max_results=limit)
        return [_run(each) for each in found]

    def run(self, run_id: str) -> Run | None:
        """Return the run of an id, or None."""
        try:
            return _run(self.get_run(run_id))
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return None

    def has_file(self, model_id: str, folder: str, name: str) -> bool:
        """Return whether a folder of a logged model has a file; not if there is no such model."""
        try:
            files = self.list_logged_model_artifacts(model_id, folder)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return False
        return any(file.path == f"{folder}/{name}" for file in files)

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias of a registered model name a version."""
        self.set_registered_model_alias(name, alias, str(number))

    def model_tags(self, name: str) -> dict[str, str]:
        """Return the tags of a registered model; none if there is no such model."""
        try:
            return dict(self.get_registered_model(name).tags)
        except MlflowException as error:
            if error.error_code not in _ABSENT:
                raise
            return {}

    def set_model_tag(self, name: str, key: str, value: str) -> None:
        """Set a tag of a registered model."""
        self.set_registered_model_tag(name, key, value)

    def set_version_tag(self, name: str, number: int, key: str, value: str) -> None:
        """Set a tag of a version of a registered model."""
        self.set_model_version_tag(name, str(number), key, value)


def _version(found: ModelVersion, aliases: dict[str, int]) -> Version:
    number = int(found.version)
    return Version(
        number=number,
        run_id=found.run_id or "",
        source=found.source or "",
        created=moment(found.creation_timestamp),
        tags=found.tags,
        aliases=naming(aliases, number),
    )


def _run(found: MlflowRun) -> Run:
    return Run(
        run_id=found.info.run_id,
        started=moment(found.info.start_time),
        status=found.info.status,
        params=found.data.params,
        metrics=found.data.metrics,
        tags=found.data.tags,
    )
