"""Trains many combinations, logs each as a run, and gives the best one a bundle."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..base.errors import DataError, UsageError
from ..base.settings import Settings
from ..data.dataset import Dataset
from ..tracking import origin, run_log
from ..tracking.connection import experiment_id
from ..tracking.mlflow_client import Client
from ..tracking.run_locks import end_dead_runs
from ..training.evaluate import Evaluation, load_data
from ..training.experiment_backends import Backend, Outcome
from ..training.experiment_config import ExperimentConfig
from ..training.spec import TrainingSpec
from .fit_and_export import BundleRun, add_bundle

_COMMAND = "experiment"
_PARENT_TAGS = {"kind": "experiment"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """One combination of an experiment.

    Attributes:
        spec: As it was asked for.
        run_id: MLflow run.
        evaluation: Its scores, or None if it failed.
        reason: Why it failed, or "".
    """

    spec: TrainingSpec
    run_id: str
    evaluation: Evaluation | None
    reason: str

    @property
    def cv_rmse(self) -> float:
        """What experiments are sorted by; infinite if it failed."""
        metrics = self.evaluation.metrics if self.evaluation else {}
        return metrics.get("cv_rmse", math.inf)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What an experiment came to.

    Attributes:
        run_id: MLflow run that the others are parts of.
        lines: All combinations, the best first, those that failed last.
        best: Run and bundle of the best one.
    """

    run_id: str
    lines: tuple[Line, ...]
    best: BundleRun


def run(
    client: Client,
    settings: Settings,
    config: ExperimentConfig,
    backend: Backend,
    step: Callable[[str], None] = lambda _: None,
    *,
    dataset: Dataset | None = None,
) -> Compared:
    """Train all combinations; one that fails does not keep the others from going on.

    Args:
        client: MLflow, which only this process writes to.
        settings: Where artifacts go, and the registered model that it is for.
        config: What to train.
        backend: Where to train it.
        step: Called with what begins: once for each combination, and then for what the best one
            still gets.
        dataset: The data of the combinations, if it has been loaded already.

    Raises:
        UsageError: Every combination failed.
        DataError: The data cannot be used.
        ExportError: The bundle of the best would not answer as its pipeline does.
    """
    dataset = dataset or load_data(config.specs[0])
    experiment = experiment_id(client, settings)
    end_dead_runs(client, experiment, settings.home)
    note = (
        f"{len(config.specs)} combinations, each a run of its own below this one. That with the "
        "lowest `cv_rmse`, named by the tag `best_run_id`, has a bundle, fitted to every row."
    )
    tags, home = origin.run_tags(_COMMAND, note) | _PARENT_TAGS, settings.home
    with run_log.run(client, experiment, config.name, home=home, tags=tags) as parent:
        lines = []
        # Backends begin in this order, so the first that is not done is one that is being trained.
        waiting = dict(enumerate(config.specs))
        step(config.specs[0].label)
        for outcome in backend(config.specs):
            lines.append(_log(client, settings, parent, config, outcome))
            del waiting[outcome.index]
            if waiting:
                step(next(iter(waiting.values())).label)
        lines.sort(key=lambda line: line.cv_rmse)
        best = lines[0]
        if best.evaluation is None:
            raise UsageError(f"every combination failed; the first because: {best.reason}")
        if best.evaluation.data_digest != dataset.digest:
            raise DataError(f"{best.spec.data}: it was changed on the way; run this again")
        bundle = add_bundle(
            client,
            experiment=experiment,
            run_id=best.run_id,
            model_name=settings.location.model_name,
            evaluation=best.evaluation,
            dataset=dataset,
            step=lambda what: step(f"the best, {best.spec.label}: {what}"),
            signing_key=settings.signing_key_file,
            max_bytes=settings.max_bundle_bytes,
        )
        client.set_tag(parent, "best_run_id", best.run_id)
        client.log_metric(parent, "best_cv_rmse", best.cv_rmse)
    return Compared(run_id=parent, lines=tuple(lines), best=bundle)


def _log(
    client: Client,
    settings: Settings,
    parent: str,
    config: ExperimentConfig,
    outcome: Outcome,
) -> Line:
    asked = config.specs[outcome.index]
    evaluation = outcome.evaluation
    name = f"{asked.title} {outcome.index + 1}"
    experiment = experiment_id(client, settings)
    place = f"Combination {outcome.index + 1} of {len(config.specs)} of {config.name}"
    with run_log.run(
        client,
        experiment,
        name,
        home=settings.home,
        parent=parent,
        tags=origin.run_tags(_COMMAND, f"{place}: {asked.described}"),
        failed=evaluation is None,
    ) as run_id:
        if evaluation is None:
            run_log.log_spec(client, run_id, asked)
            run_log.log_failure(client, run_id, outcome.reason)
        else:
            run_log.log_spec(client, run_id, evaluation.spec)
            run_log.log_dataset(client, run_id, evaluation)
            run_log.log_scores(client, run_id, evaluation)
    return Line(spec=asked, run_id=run_id, evaluation=evaluation, reason=outcome.reason)
