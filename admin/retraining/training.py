"""Trains the recipe of the promoted version on its data and on what was sold, and registers it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ..base.settings import Settings
from ..card import Retrained
from ..data import dataset
from ..data.dataset import Dataset
from ..jobs.train import Trained, train
from ..tracking.mlflow_client import Client
from ..tracking.registry import register
from ..tracking.tags import (
    BASE_DIGEST_TAG,
    BASE_PATH_TAG,
    FRESH_DIGEST_TAG,
    FRESH_PATH_TAG,
    LEARNED_TAG,
    PARENT_TAG,
)
from ..training.spec import TrainingSpec
from . import files
from .champion import Champion
from .choosing import Chosen
from .labels import Labels


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What is trained.

    Attributes:
        champion: The promoted version.
        spec: Its recipe.
        base: Its data.
        chosen: What was sold.
    """

    champion: Champion
    spec: TrainingSpec
    base: Dataset
    chosen: Chosen


def retrain(
    client: Client, settings: Settings, plan: Plan, step: Callable[[str], None]
) -> tuple[int, Trained]:
    """Train and register; return the number of the version, and what was trained.

    Args:
        client: MLflow.
        settings: Name the registered model, and where files go.
        plan: What to train.
        step: Called with what begins.

    Raises:
        DataError: A column looks wrong with what was sold, or there is too little of something.
    """
    chosen, spec = plan.chosen, plan.spec
    file, _ = files.union(settings.home, plan.base, chosen.learned)
    wanted = replace(spec, data=file)
    together = dataset.load(file, target_unit=spec.target_unit, accept=spec.accept)
    tags = {
        BASE_DIGEST_TAG: plan.base.digest,
        BASE_PATH_TAG: str(spec.data.absolute()),
        PARENT_TAG: str(plan.champion.bundle.digest),
        LEARNED_TAG: str(chosen.until),
    }
    if len(chosen.fresh):
        kept, digest = files.fresh(settings.home, chosen.fresh)
        tags |= {FRESH_DIGEST_TAG: digest, FRESH_PATH_TAG: str(kept.absolute())}
    trained = train(
        client,
        settings,
        wanted,
        dataset=together,
        step=step,
        command="retrain",
        tags=tags,
        retrained=lineage(plan),
    )
    return register(client, settings.location, trained.bundle.run_id).version, trained


def lineage(plan: Plan) -> Retrained:
    """Return what the card is to say of what was sold."""
    learned = plan.chosen.learned
    return Retrained(
        parent=str(plan.champion.bundle.digest),
        base_digest=plan.base.digest,
        rows=len(learned),
        first=_moment(learned, 0),
        last=_moment(learned, -1),
        quarantined=len(plan.chosen.quarantined),
    )


def _moment(labels: Labels, place: int) -> str:
    if not len(labels):
        return "never"
    found = datetime.fromtimestamp(int(labels.recorded[place]) / 1e6, UTC)
    return found.isoformat(timespec="seconds").replace("+00:00", "Z")
