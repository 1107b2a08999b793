"""Makes runs versions of the registered model, and promotes a version by an alias.

A version is created last, when every file of it is in the artifact store, and an alias is
set in one step, so that a kill at any moment leaves what was there or what is wanted.
"""

import json
from contextlib import nullcontext
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS, MLFLOW_USER

from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG, RegistryLocation

from ..base.errors import RegistryError
from .embedded_store import lock_of, locked
from .origin import NOTE_TAG, user
from .tags import MODEL_ID_TAG
from .training_command import training_command
from .versions import found_versions, promoted

# A description has 5,000 characters at most in some databases.
_LONGEST_ACCEPTED = 2000
_METADATA = f"{BUNDLE_FOLDER}/metadata.json"
_LOGGED_MODEL = "models:/"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What `register` did: the run's version, and whether it is new."""

    version: int
    created: bool


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """What `promote` did: the version that the alias named before, or None, and names now."""

    previous: int | None
    version: int


def register(client: MlflowClient, location: RegistryLocation, run_id: str) -> Registered:
    """Make a run a version of the registered model, unless it is one already.

    Args:
        client: MLflow.
        location: Names the registered model.
        run_id: Finished run that has a bundle.

    Raises:
        RegistryError: There is no such run, it has not finished, or it has no bundle.
    """
    run = _finished_run(client, run_id)
    file = location.sqlite_file
    # An MLflow server has no lock to offer: there, what two made at once is sorted out after.
    with nullcontext() if file is None else locked(lock_of(file)):
        return _register(client, location, run)


def _register(client: MlflowClient, location: RegistryLocation, run: Run) -> Registered:
    known = _versions_of(client, location, run)
    if known:
        return Registered(version=known[0], created=False)
    model_id = run.data.tags.get(MODEL_ID_TAG, "")
    if not model_id or not _holds_bundle(client, model_id):
        raise RegistryError(_without_bundle(run))
    _ensure_model(client, location)
    made = client.create_model_version(
        location.model_name,
        source=f"{_LOGGED_MODEL}{model_id}",
        run_id=run.info.run_id,
        model_id=model_id,
        tags=_tags(run),
        description=_described(run),
    )
    return _the_first(client, location, run, int(made.version))


def _the_first(client: MlflowClient, location: RegistryLocation, run: Run, made: int) -> Registered:
    """Keep the first version of the run; take back the one just made if it is another.

    Numbers are given one after the other, so whoever made a later one sees the earlier ones,
    and of those who make one at the same time, all agree.
    """
    first = min(_versions_of(client, location, run), default=made)
    if first < made and promoted(client, location) != made:
        client.delete_model_version(location.model_name, str(made))
        return Registered(version=first, created=False)
    # By this, the page of the logged model leads to the version.
    link = json.dumps([{"name": location.model_name, "version": str(made)}])
    client.set_logged_model_tags(run.data.tags[MODEL_ID_TAG], {MLFLOW_MODEL_VERSIONS: link})
    return Registered(version=made, created=True)


def _versions_of(client: MlflowClient, location: RegistryLocation, run: Run) -> list[int]:
    """Return the versions that a run became, the first of them first."""
    return sorted(
        int(version.version)
        for version in found_versions(client, location)
        if version.run_id == run.info.run_id and version.tags.get(DIGEST_TAG)
    )


def promote(client: MlflowClient, location: RegistryLocation, number: int) -> Promoted:
    """Let the alias name a version.

    Args:
        client: MLflow.
        location: Names the registered model and the alias.
        number: Of the version.

    Raises:
        RegistryError: There is no such version, or it has no bundle to serve.
    """
    found = {int(version.version): version for version in found_versions(client, location)}
    if number not in found:
        known = ", ".join(map(str, sorted(found))) or "none"
        raise RegistryError(
            f"{location.model_name} has no version {number}; it has: {known}"
            f"{'' if found else '; register a run first: housing-admin register RUN_ID'}"
        )
    _check_bundle(client, found[number])
    previous = promoted(client, location)
    if previous != number:
        client.set_registered_model_alias(location.model_name, location.alias, str(number))
    return Promoted(previous=previous, version=number)


def check_promoted(client: MlflowClient, location: RegistryLocation) -> int | None:
    """Return the version that the alias names, which a server can load, or None.

    Args:
        client: MLflow.
        location: Names the registered model and the alias.

    Raises:
        RegistryError: It names one that has no bundle.
    """
    number = promoted(client, location)
    if number is not None:
        _check_bundle(client, client.get_model_version(location.model_name, str(number)))
    return number


def _check_bundle(client: MlflowClient, version: ModelVersion) -> None:
    model_id = str(version.source or "").removeprefix(_LOGGED_MODEL)
    if not version.tags.get(DIGEST_TAG) or not _holds_bundle(client, model_id):
        raise RegistryError(
            f"version {version.version} of {version.name} has no bundle, so no server could load"
            " it; promote another, see: housing-admin models"
        )


def _finished_run(client: MlflowClient, run_id: str) -> Run:
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise
        raise RegistryError(f"there is no run {run_id}; see: housing-admin runs") from error
    if run.info.status != "FINISHED":
        raise RegistryError(
            f"run {run_id} is {run.info.status}, not FINISHED; register one that is,"
            " see: housing-admin runs"
        )
    return run


def _without_bundle(run: Run) -> str:
    text = f"run {run.info.run_id} has no bundle to register"
    if "model" not in run.data.params:
        return f"{text}, as it trained nothing itself; register another, see: housing-admin runs"
    # Of an experiment, the best run alone has one.
    return f"{text}; train and register the same model with: {training_command(run)}"


def _holds_bundle(client: MlflowClient, model_id: str) -> bool:
    try:
        files = client.list_logged_model_artifacts(model_id, BUNDLE_FOLDER)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return False
        raise
    return any(file.path == _METADATA for file in files)


def _ensure_model(client: MlflowClient, location: RegistryLocation) -> None:
    text = (
        "Predicts house prices. A version is registered by `housing-admin register`; servers take "
        f"the one that the alias `{location.alias}` names, which `housing-admin promote` moves."
    )
    try:
        client.create_registered_model(location.model_name, description=text)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        if not client.get_registered_model(location.model_name).description:
            client.update_registered_model(location.model_name, text)


def _described(run: Run) -> str:
    """Return what people read of a version; MLflow itself does not note who made it."""
    unit = run.data.tags.get("target_unit", "")
    known = (("over the folds", "cv_rmse"), ("on rows held out", "rmse"))
    scores = [
        f"{run.data.metrics[name]:.4g} {unit} {where}".replace("  ", " ")
        for where, name in known
        if name in run.data.metrics
    ]
    accepted = run.data.tags.get("data_accepted", "").splitlines()
    lines = (
        run.data.tags.get(NOTE_TAG, ""),
        f"Root mean squared error: {', '.join(scores)}." if scores else "",
        f"Trained although {'; '.join(accepted)[:_LONGEST_ACCEPTED]}" if accepted else "",
        f"Logged by {run.data.tags.get(MLFLOW_USER, 'unknown')}, registered by {user()}.",
    )
    return "\n\n".join(filter(None, lines))


def _tags(run: Run) -> dict[str, str]:
    tags = {
        DIGEST_TAG: run.data.tags[DIGEST_TAG],
        "model_type": run.data.params.get("model", ""),
        "preprocessing": run.data.params.get("preprocessing", ""),
    }
    metrics = {name: run.data.metrics.get(name) for name in ("rmse", "cv_rmse")}
    return tags | {name: repr(value) for name, value in metrics.items() if value is not None}
