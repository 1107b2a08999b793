"""Reads the latest training runs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities import Run

from ..base.settings import Settings
from .client import experiment_id
from .run_locks import end_dead_runs
from .tags import MODEL_ID_TAG
from .versions import versions


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """A training run, in short.

    Attributes:
        run_id: Of the run.
        started: When, in UTC.
        status: Of the run, such as "FINISHED".
        model: Type of model.
        preprocessing: How missing values are filled.
        rmse: Of the hold-out, in the target's unit, or None.
        cv_rmse: Mean over the folds, or None.
        bundle: Whether it has a bundle, and so can be registered.
        version: That it was registered as, or None.
    """

    run_id: str
    started: datetime
    status: str
    model: str
    preprocessing: str
    rmse: float | None
    cv_rmse: float | None
    bundle: bool
    version: int | None


def latest(client: MlflowClient, settings: Settings, limit: int) -> list[RunLine]:
    """Return the latest runs, the newest first, without the brackets around experiments.

    A run that was killed is set to KILLED first, where that can be seen.
    """
    experiment = experiment_id(client, settings)
    end_dead_runs(client, experiment, settings.home)
    found = client.search_runs(
        [experiment],
        filter_string="params.model != ''",
        max_results=limit,
        order_by=["attributes.start_time DESC"],
    )
    numbers = {each.run_id: each.number for each in versions(client, settings.location)}
    return [_line(run, numbers.get(run.info.run_id)) for run in found]


def _line(run: Run, version: int | None) -> RunLine:
    params, metrics = run.data.params, run.data.metrics
    return RunLine(
        run_id=run.info.run_id,
        started=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        status=run.info.status,
        model=params.get("model", ""),
        preprocessing=params.get("preprocessing", ""),
        rmse=metrics.get("rmse"),
        cv_rmse=metrics.get("cv_rmse"),
        bundle=MODEL_ID_TAG in run.data.tags,
        version=version,
    )
