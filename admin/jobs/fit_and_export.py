"""Gives a run its bundle: fitted to every row, drawn, exported and logged."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow import MlflowClient
from sklearn.pipeline import Pipeline

from housing_grpc.bundle import files
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from housing_grpc.registry.moved_home import local_folder

from .. import models, preprocessing
from ..base.code_version import code_version
from ..base.signing import signing
from ..card import Retrained
from ..data.dataset import Dataset
from ..export import Exported, TrainingFacts, export
from ..tracking import disk_space
from ..tracking.pyfunc_logging import log_model
from ..tracking.run_log import log_bundle, log_metrics, spec_params
from ..training import uncertainty
from ..training.evaluate import Evaluation
from ..training.intervals import Intervals
from ..training.pipeline import pipeline_of
from ..training.spec import TrainingSpec
from ..training.uncertainty import Uncertainty
from .card_origin import origin_of
from .run_plots import log_honest_plots, log_plots

# The pictures, and what makes an MLflow model of a bundle: about 0.5 MB in all.
_BESIDE_BUNDLE = 2**20


@dataclass(frozen=True, kw_only=True)
class BundleRun:
    """A run and its bundle.

    Attributes:
        run_id: MLflow run.
        model_id: MLflow logged model.
        digest: Of the bundle.
        largest_gap: Largest difference between the answers of the bundle and of the
            fitted pipeline, in the target's unit.
        intervals: How the bounds of its prices did; None of format 1, which has none.
    """

    run_id: str
    model_id: str
    digest: str
    largest_gap: float
    intervals: Intervals | None


def add_bundle(
    client: MlflowClient,
    *,
    experiment: str,
    run_id: str,
    model_name: str,
    evaluation: Evaluation,
    dataset: Dataset,
    step: Callable[[str], None],
    signing_key: Path | None = None,
    max_bytes: int = files.MAX_BYTES,
    retrained: Retrained | None = None,
) -> BundleRun:
    """Fit to every row, and log the bundle and pictures of it.

    Args:
        client: MLflow.
        experiment: Id of the run's experiment.
        run_id: Run without a bundle.
        model_name: Registered model that the bundle is meant for.
        evaluation: The scores of the run.
        dataset: The rows.
        step: Called with what begins, before each of the 3 steps, and those of `uncertainty`.
        signing_key: File of the key that signs the bundle.
        max_bytes: Most bytes of a bundle that servers take.
        retrained: What of the rows was sold since an earlier model, for the card; None for none.

    Raises:
        ExportError: The bundle would not answer as the fitted pipeline does.
        RegistryError: A disk is full.
    """
    spec = evaluation.spec
    step("fit to every row")
    pipeline = pipeline_of(spec).fit(dataset.features, dataset.target)
    learned = None
    if spec.bundle_format > 1:
        learned = uncertainty.learn(
            pipeline, dataset, keep_rows=spec.neighbours, seed=spec.seed, step=step
        )
    with tempfile.TemporaryDirectory(prefix="housing-bundle-") as scratch:
        step("export and compare")
        folder = Path(scratch) / Path(BUNDLE_FOLDER).name
        facts = _facts(run_id, model_name, evaluation)
        exported = _export(
            pipeline,
            spec,
            dataset,
            facts,
            folder,
            evaluation=evaluation,
            learned=learned,
            signing_key=signing_key,
            max_bytes=max_bytes,
            retrained=retrained,
        )
        step("log")
        with disk_space.explained(_places(client, experiment, folder)):
            shares = models.get(spec.model).importance(pipeline["model"])
            log_plots(client, run_id, evaluation, shares)
            if learned is not None:
                log_honest_plots(
                    client,
                    run_id,
                    learned,
                    folder,
                    dataset.features,
                    title=spec.title,
                    unit=evaluation.target_unit,
                    max_bytes=max_bytes,
                )
            model_id = log_model(
                client,
                experiment=experiment,
                run_id=run_id,
                bundle=folder,
                houses=dataset.features,
                tags={DIGEST_TAG: exported.digest},
                params=spec_params(spec),
            )
            log_bundle(client, run_id, bundle=folder, digest=exported.digest, model_id=model_id)
    if learned:
        log_metrics(client, run_id, learned.metrics, evaluation, model_id=model_id)
    return BundleRun(
        run_id=run_id,
        model_id=model_id,
        digest=exported.digest,
        largest_gap=exported.largest_gap,
        intervals=learned.intervals if learned else None,
    )


def _places(client: MlflowClient, experiment: str, bundle: Path) -> dict[Path, int]:
    """Return where logging writes to, and how many bytes at most."""
    files = disk_space.size(bundle)
    places = {bundle.parent: 3 * files + _BESIDE_BUNDLE}
    store = local_folder(client.get_experiment(experiment).artifact_location)
    if store is not None:
        places[store] = files + _BESIDE_BUNDLE + disk_space.DATABASE_BYTES
    return places


def _facts(run_id: str, model_name: str, evaluation: Evaluation) -> TrainingFacts:
    return TrainingFacts(
        name=model_name,
        params=spec_params(evaluation.spec),
        metrics=evaluation.metrics,
        run_id=run_id,
        code_version=code_version(),
        trained_at=datetime.now(UTC),
    )


def _export(
    pipeline: Pipeline,
    spec: TrainingSpec,
    dataset: Dataset,
    facts: TrainingFacts,
    folder: Path,
    *,
    evaluation: Evaluation,
    learned: Uncertainty | None,
    signing_key: Path | None,
    max_bytes: int,
    retrained: Retrained | None,
) -> Exported:
    origin = None
    if learned is not None:
        origin = origin_of(
            facts.params,
            file=evaluation.data_file,
            digest=evaluation.data_digest,
            unit=evaluation.target_unit,
            retrained=retrained,
        )
    return export(
        pipeline,
        model=models.get(spec.model),
        preprocessing=preprocessing.get(spec.preprocessing),
        training=dataset,
        facts=facts,
        folder=folder,
        uncertainty=learned,
        origin=origin,
        sign=signing(signing_key),
        max_bytes=max_bytes,
        bundle_format=spec.bundle_format,
    )
