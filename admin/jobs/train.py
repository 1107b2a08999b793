"""Trains one model: measures it, and logs it with its bundle as a run in MLflow."""

from collections.abc import Callable
from dataclasses import dataclass

from ..base.settings import Settings
from ..card import Retrained
from ..data.dataset import Dataset
from ..tracking import origin, run_log
from ..tracking.connection import experiment_id
from ..tracking.mlflow_client import Client
from ..tracking.run_locks import end_dead_runs
from ..training import uncertainty
from ..training.evaluate import Evaluation, evaluate, load_data
from ..training.pipeline import complete
from ..training.spec import TrainingSpec
from .fit_and_export import BundleRun, add_bundle

_STEPS_BESIDE_FOLDS = 4


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A model that was trained and logged.

    Attributes:
        bundle: Its run and bundle.
        evaluation: Its scores.
    """

    bundle: BundleRun
    evaluation: Evaluation


def steps(spec: TrainingSpec) -> int:
    """Return how many steps `train` will announce."""
    learning = uncertainty.STEPS if spec.bundle_format > 1 else 0
    return _STEPS_BESIDE_FOLDS + learning + (spec.cv or 0)


def train(
    client: Client,
    settings: Settings,
    spec: TrainingSpec,
    *,
    dataset: Dataset | None = None,
    step: Callable[[str], None] = lambda _: None,
    command: str = "train",
    tags: dict[str, str] | None = None,
    retrained: Retrained | None = None,
) -> Trained:
    """Train, measure and log one model. The same specification gives the same numbers.

    Args:
        client: MLflow.
        settings: Where artifacts go, and the registered model that it is for.
        spec: What to train.
        dataset: The data of `spec`, if it has been loaded already.
        step: Called with what begins, before each step.
        command: Of housing-admin, for which this is done.
        tags: Of the run, besides its own.
        retrained: What of the data was sold since an earlier model, for the card; None for none.

    Raises:
        UsageError: A name, value or range in the specification is wrong.
        DataError: The data cannot be used.
        ExportError: The bundle would not answer as the fitted pipeline does.
        RegistryError: The experiment has been deleted.
    """
    spec = complete(spec)
    dataset = dataset or load_data(spec)
    experiment = experiment_id(client, settings)
    end_dead_runs(client, experiment, settings.home)
    evaluation = evaluate(spec, dataset, step)
    note = f"{spec.described} The bundle is fitted to every row."
    run_tags = {**origin.run_tags(command, note), **(tags or {})}
    home = settings.home
    with run_log.run(client, experiment, spec.title, home=home, tags=run_tags) as run_id:
        run_log.log_spec(client, run_id, spec)
        run_log.log_dataset(client, run_id, evaluation)
        bundle = add_bundle(
            client,
            experiment=experiment,
            run_id=run_id,
            model_name=settings.location.model_name,
            evaluation=evaluation,
            dataset=dataset,
            step=step,
            signing_key=settings.signing_key_file,
            max_bytes=settings.max_bundle_bytes,
            retrained=retrained,
        )
        run_log.log_scores(client, run_id, evaluation, model_id=bundle.model_id)
    return Trained(bundle=bundle, evaluation=evaluation)
