"""MLflow's own client, which also answers as `records` has it, whatever MLflow is kept in."""

from collections.abc import Callable

from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

from housing_grpc.registry import allowed_address

from ..base.errors import RegistryError
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
_MLFLOW_SERVER = "mlflow-artifacts:"
_to_http: Callable[[str, str], str] = MlflowArtifactsRepository.resolve_uri


class Client(MlflowClient):
    """MLflow's client, which takes files to, and looks for them at, places that are known alone."""

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
            self._check_model(model_id)
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

    def log_artifact(self, run_id: str, local_path: str, artifact_path: str | None = None) -> None:
        """Keep a file with a run, as MLflow's own, which keeps texts by it, too."""
        self._check_run(run_id)
        super().log_artifact(run_id, local_path, artifact_path)

    def log_artifacts(self, run_id: str, local_dir: str, artifact_path: str | None = None) -> None:
        """Keep the files of a folder with a run, as MLflow's own."""
        self._check_run(run_id)
        super().log_artifacts(run_id, local_dir, artifact_path)

    def log_model_artifacts(
        self, model_id: str, local_dir: str, artifact_path: str | None = None
    ) -> None:
        """Keep the files of a folder with a logged model, as MLflow's own."""
        self._check_model(model_id)
        super().log_model_artifacts(model_id, local_dir, artifact_path)

    def _check_run(self, run_id: str) -> None:
        self._check_place(f"the run {run_id}", self.get_run(run_id).info.artifact_uri)

    def _check_model(self, model_id: str) -> None:
        place = self.get_logged_model(model_id).artifact_location
        self._check_place(f"the logged model {model_id}", place)

    def _check_place(self, whose: str, place: str) -> None:
        registry = self.tracking_uri
        if registry.startswith("databricks"):  # It chooses the store, and opens it.
            return
        try:
            if place.startswith(_MLFLOW_SERVER) and registry.startswith("http"):
                place = _to_http(place, registry)
            known = allowed_address.is_allowed(place, registry)
        except ValueError:
            known = False
        # guard: the places that commands take files to
        if not known:
            raise RegistryError(f"{whose}: {allowed_address.FOREIGN}")

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
