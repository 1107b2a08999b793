"""Sees to it that there is a promoted model to serve."""

from collections.abc import Callable
from dataclasses import dataclass

from ..base.settings import Settings
from ..data.dataset import Dataset
from ..tracking.connection import experiment_id
from ..tracking.mlflow_client import Client
from ..tracking.promotion import check_promoted, promote
from ..tracking.records import promoted
from ..tracking.registry import register
from ..tracking.statements import of_settings
from ..tracking.tags import MODEL_ID_TAG, SEED_TAG
from ..training.spec import TrainingSpec
from .train import train


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """What `seed` found or made.

    Attributes:
        version: That is promoted now.
        run_id: Run that trained it, or "" if a version was promoted already.
        warnings: About the data that it was trained on now, one line each.
    """

    version: int
    run_id: str
    warnings: tuple[str, ...] = ()


def seed(
    client: Client,
    settings: Settings,
    spec: TrainingSpec,
    step: Callable[[str], None] = lambda _: None,
    *,
    dataset: Dataset | None = None,
) -> Seeded:
    """Train, register and promote a model, unless one is promoted already.

    A seed that was killed is taken up again: a run that it finished is not trained anew.

    Args:
        client: MLflow.
        settings: Names the registered model and the alias.
        spec: What to train if nothing is promoted.
        step: Called with what begins, before each step of the training.
        dataset: The data of `spec`, if it has been loaded already.

    Raises:
        AdminError: The training, registration or promotion failed, or what is promoted has no
            bundle.
    """
    location = settings.location
    current = check_promoted(client, location)
    if current is not None:
        return Seeded(version=current, run_id="")
    # Before the training, as without its key nothing could be promoted.
    signing = of_settings(settings)
    run_id = _finished_seed(client, settings, spec)
    warnings: tuple[str, ...] = ()
    if not run_id:
        tags = {SEED_TAG: spec.title}
        trained = train(
            client, settings, spec, dataset=dataset, step=step, command="seed", tags=tags
        )
        run_id, warnings = trained.bundle.run_id, trained.evaluation.warnings
    version = register(client, location, run_id).version
    # Another seed may have been quicker; whichever came first is to stay.
    current = promoted(client, location)
    if current is None:
        current = promote(client, location, version, signing=signing).version
    return Seeded(version=current, run_id=run_id, warnings=warnings)


def _finished_seed(client: Client, settings: Settings, spec: TrainingSpec) -> str:
    experiment = experiment_id(client, settings)
    runs = client.search_runs(
        [experiment],
        filter_string=f"tags.{SEED_TAG} = '{spec.title}' and attributes.status = 'FINISHED'",
    )
    for run in runs:
        if run.data.tags.get(MODEL_ID_TAG):
            return str(run.info.run_id)
    return ""
