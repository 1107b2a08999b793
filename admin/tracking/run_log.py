"""Writes training runs to MLflow."""

import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

from housing_grpc.registry.location import DIGEST_TAG

from .. import card
from ..training.evaluate import Evaluation
from ..training.spec import TrainingSpec
from . import disk_space, run_locks
from .tags import (
    BUNDLE_BYTES_TAG,
    CARD_TAG,
    DATA_FILE_TAG,
    DATA_PATH_TAG,
    LOCK_TAG,
    MODEL_ID_TAG,
)

_PARENT_TAG = "mlflow.parentRunId"
_LONGEST_REASON = 500
# MLflow takes no more of a dataset's.
_DIGEST_LENGTH = 36


@contextmanager
def run(
    client: MlflowClient,
    experiment: str,
    name: str,
    *,
    home: Path,
    parent: str | None = None,
    tags: Mapping[str, str] | None = None,
    failed: bool = False,
) -> Iterator[str]:
    """Open a run for the length of a `with` block; it is FINISHED only if the block is.

    Args:
        client: MLflow.
        experiment: Id of the experiment.
        name: Of the run, for people.
        home: Folder of local state, where other processes see whether this one lives.
        parent: Id of the run that this one is a part of.
        tags: Of the run.
        failed: Whether the run is of something that has failed, and ends as FAILED.

    Yields:
        The id of the run.
    """
    nested = {_PARENT_TAG: parent} if parent else {}
    with run_locks.held(home) as lock:
        given = {**(tags or {}), **nested, LOCK_TAG: lock}
        run_id = str(client.create_run(experiment, run_name=name, tags=given).info.run_id)
        try:
            yield run_id
        except BaseException as error:
            # What went wrong may keep MLflow from noting it, too; it is the error to report.
            with suppress(Exception):
                status = "FAILED" if isinstance(error, Exception) else "KILLED"
                client.set_terminated(run_id, status)
                run_locks.forget(home, lock)
            raise
        client.set_terminated(run_id, "FAILED" if failed else "FINISHED")
        run_locks.forget(home, lock)


def log_spec(client: MlflowClient, run_id: str, spec: TrainingSpec) -> None:
    """Log everything that was set: model, preprocessing, hyperparameters, seed, splits.

    Args:
        client: MLflow.
        run_id: Of the run.
        spec: With all hyperparameters, not only those that were changed.
    """
    client.log_batch(
        run_id, params=[Param(name, str(value)) for name, value in spec_params(spec).items()]
    )


def spec_params(spec: TrainingSpec) -> dict[str, Any]:
    """Return all that a specification sets, by the name it is logged under."""
    return {
        "model": spec.model,
        "preprocessing": spec.preprocessing,
        **{f"model.{name}": value for name, value in spec.params.items()},
        **{f"preprocessing.{name}": value for name, value in spec.preprocessing_params.items()},
        **({"accept": ",".join(spec.accept)} if spec.accept else {}),
        "seed": spec.seed,
        "cv_folds": spec.cv or 0,
        "test_size": spec.test_size,
        **({} if spec.neighbours else {"no_neighbours": True}),
    }


def log_scores(
    client: MlflowClient, run_id: str, evaluation: Evaluation, *, model_id: str | None = None
) -> None:
    """Log the scores, each fold's as a step.

    Args:
        client: MLflow.
        run_id: Of the run.
        evaluation: The scores.
        model_id: Logged model that they are of, or None if no model was logged.
    """
    log_metrics(client, run_id, evaluation.metrics, evaluation, model_id=model_id)
    now = _now()
    folds = evaluation.cross_validation.folds if evaluation.cross_validation else ()
    metrics = [
        Metric(f"cv_fold_{name}", value, now, step)
        for step, fold in enumerate(folds, start=1)
        for name, value in asdict(fold).items()
        if not math.isnan(value)
    ]
    client.log_batch(run_id, metrics=metrics)


def log_metrics(
    client: MlflowClient,
    run_id: str,
    values: Mapping[str, float],
    evaluation: Evaluation,
    *,
    model_id: str | None = None,
) -> None:
    """Log what was measured on the data.

    Args:
        client: MLflow.
        run_id: Of the run.
        values: By name.
        evaluation: Says which data it was.
        model_id: Logged model that they are of, or None if no model was logged.
    """
    now, name = _now(), Path(evaluation.data_file).name
    digest = evaluation.data_digest[:_DIGEST_LENGTH]
    metrics = [
        Metric(
            key, value, now, 0, model_id=model_id, run_id=run_id, dataset_name=name,
            dataset_digest=digest,
        )
        for key, value in values.items()
    ]  # fmt: skip
    client.log_batch(run_id, metrics=metrics)


def _now() -> int:
    return int(time.time() * 1000)


def log_dataset(client: MlflowClient, run_id: str, evaluation: Evaluation) -> None:
    """Log which data was used, as tags and as the run's dataset."""
    file = Path(evaluation.data_file)
    dataset = Dataset(
        name=file.name,
        digest=evaluation.data_digest[:_DIGEST_LENGTH],
        source_type="local",
        source=f'{{"uri": "{file.name}"}}',
        profile=f'{{"num_rows": {evaluation.rows}}}',
    )
    client.log_inputs(
        run_id, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    )
    client.log_batch(
        run_id,
        tags=[
            RunTag("data_digest", evaluation.data_digest),
            RunTag(DATA_FILE_TAG, file.name),
            RunTag(DATA_PATH_TAG, _printable(evaluation.spec.data.absolute())),
            RunTag("target_unit", evaluation.target_unit),
            *(
                [RunTag("data_accepted", "\n".join(evaluation.accepted))]
                if evaluation.accepted
                else []
            ),
        ],
    )


def _printable(path: Path) -> str:
    # A name need not be UTF-8, and MLflow takes nothing else.
    return os.fsencode(path).decode(errors="replace")


def log_bundle(
    client: MlflowClient, run_id: str, *, bundle: Path, digest: str, model_id: str
) -> None:
    """Say in the run itself which bundle it has; only then can it be registered.

    Args:
        client: MLflow.
        run_id: Of the run.
        bundle: The bundle.
        digest: Of it.
        model_id: Logged model that holds it.
    """
    found = card.read(bundle)
    tags = {
        DIGEST_TAG: digest,
        BUNDLE_BYTES_TAG: str(disk_space.size(bundle)),
        **({CARD_TAG: card.brief(found)} if found else {}),
    }
    client.log_batch(run_id, tags=[RunTag(name, text) for name, text in tags.items()])
    client.set_tag(run_id, MODEL_ID_TAG, model_id)


def log_failure(client: MlflowClient, run_id: str, reason: str) -> None:
    """Say in the run itself why it failed."""
    client.set_tag(run_id, "failure", reason[:_LONGEST_REASON])
