"""Makes runs versions of the registered model.

A version is created last, when every file of it is in the artifact store, so that a kill at any
moment leaves none or a whole one.
"""

import json
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS, MLFLOW_USER

from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation

from ..base.person import user
from ..card import LONGEST_DESCRIPTION
from .embedded_store import alone
from .mlflow_client import Client
from .origin import NOTE_TAG
from .promotion import LOGGED_MODEL
from .records import Run, promoted
from .registration_checks import known_version, versions_of
from .run_lookup import whole
from .tags import BUNDLE_BYTES_TAG, CARD_TAG, DATA_FILE_TAG, REGISTERED_BY_TAG

# What `models` shows of a run's bundle.
_OF_RUN = (DATA_FILE_TAG, BUNDLE_BYTES_TAG)
_LONGEST_ACCEPTED = 2000
_LONGEST_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Registered:
    """What `register` did: the run's version, and whether it is new."""

    version: int
    created: bool


def register(client: Client, location: RegistryLocation, run_id: str) -> Registered:
    """Make a run a version of the registered model, unless it is one already.

    Args:
        client: MLflow.
        location: Names the registered model.
        run_id: Finished run that has a bundle.

    Raises:
        RegistryError: There is no such run, it has not finished, or it has no bundle.
    """
    run = whole(client, run_id)
    # An MLflow server has no lock to offer: there, what two made at once is sorted out after.
    with alone(location):
        known = known_version(client, location, run)
        if known is not None:
            return Registered(version=known, created=False)
        return _register(client, location, run)


def _register(client: Client, location: RegistryLocation, run: Run) -> Registered:
    _ensure_model(client, location)
    made = client.create_model_version(
        location.model_name,
        source=f"{LOGGED_MODEL}{run.model_id}",
        run_id=run.run_id,
        model_id=run.model_id,
        tags=_tags(run),
        description=_described(run),
    )
    return _the_first(client, location, run, int(made.version))


def _the_first(client: Client, location: RegistryLocation, run: Run, made: int) -> Registered:
    """Keep the first version of the run; take back the one just made if it is another.

    Numbers are given one after the other, so whoever made a later one sees the earlier ones,
    and of those who make one at the same time, all agree.
    """
    first = min(versions_of(client, location, run), default=made)
    if first < made and promoted(client, location) != made:
        client.delete_model_version(location.model_name, str(made))
        return Registered(version=first, created=False)
    # By this, the page of the logged model leads to the version.
    link = json.dumps([{"name": location.model_name, "version": str(made)}])
    client.set_logged_model_tags(run.model_id, {MLFLOW_MODEL_VERSIONS: link})
    return Registered(version=made, created=True)


def _ensure_model(client: Client, location: RegistryLocation) -> None:
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
    made, registered = (
        who[:_LONGEST_NAME] for who in (run.tags.get(MLFLOW_USER, "unknown"), user())
    )
    who = f"Logged by {made}, registered by {registered}."
    card = run.tags.get(CARD_TAG, "")[:LONGEST_DESCRIPTION]
    return "\n\n".join((*([card] if card else _known(run)), who))


def _known(run: Run) -> list[str]:
    """Return what a run without a card says of itself."""
    unit = run.tags.get("target_unit", "")
    known = (("over the folds", "cv_rmse"), ("on rows held out", "rmse"))
    scores = [
        f"{run.metrics[name]:.4g} {unit} {where}".replace("  ", " ")
        for where, name in known
        if name in run.metrics
    ]
    accepted = run.tags.get("data_accepted", "").splitlines()
    lines = (
        run.tags.get(NOTE_TAG, ""),
        f"Root mean squared error: {', '.join(scores)}." if scores else "",
        f"Trained although {'; '.join(accepted)[:_LONGEST_ACCEPTED]}" if accepted else "",
    )
    return list(filter(None, lines))


def _tags(run: Run) -> dict[str, str]:
    tags = {
        DIGEST_TAG: run.tags[DIGEST_TAG],
        "model_type": run.params.get("model", ""),
        "preprocessing": run.params.get("preprocessing", ""),
    }
    # Runs of older releases have not all of them.
    of_run = {name: run.tags[name] for name in _OF_RUN if name in run.tags}
    tags |= {**of_run, REGISTERED_BY_TAG: user()}
    metrics = {name: run.metrics.get(name) for name in ("rmse", "cv_rmse")}
    return tags | {name: repr(value) for name, value in metrics.items() if value is not None}
