"""Trains the model of a bundle once more, for what the bundle does not say of its prices yet."""

from collections.abc import Callable
from pathlib import Path

from housing_grpc.bundle import files

from .. import models, preprocessing
from ..base.errors import AdminError
from ..base.signing import signing
from ..data.dataset import Dataset
from ..export import Exported, Metadata, TrainingFacts, digest_of, export, same_prices
from ..training import uncertainty
from ..training.evaluate import load_data
from ..training.pipeline import pipeline_of
from ..training.recipe_of_bundle import recipe_of
from ..training.uncertainty import Uncertainty
from .card_origin import origin_of

STEPS = uncertainty.STEPS + 2
"""How many steps `repeat` announces."""


class NotRepeatedError(Exception):
    """A training that cannot be repeated; the text says why."""


def repeat(
    source: Path,
    metadata: Metadata,
    data: Path,
    folder: Path,
    *,
    step: Callable[[str], None] = lambda _: None,
    signing_key: Path | None = None,
    max_bytes: int = files.MAX_BYTES,
) -> tuple[Exported, Uncertainty, Dataset]:
    """Write a bundle anew, with the same model and all that is learned beside it.

    Args:
        source: The bundle.
        metadata: What it says of itself.
        data: The file that it was trained on.
        folder: Where to write it; must not exist yet.
        step: Called `STEPS` times, with what begins.
        signing_key: File of the key that signs it.
        max_bytes: Most bytes of a bundle that servers take.

    Returns:
        The bundle, what is learned beside the model, and the rows.

    Raises:
        NotRepeatedError: The same training does not give the same model to the bit, or is refused.
    """
    try:
        recipe = {
            **metadata.params,
            "model": metadata.model_type,
            "preprocessing": metadata.preprocessing,
        }
        spec = recipe_of(recipe, data, target_unit=metadata.target.unit)
        dataset = load_data(spec)
        step("fit to every row")
        pipeline = pipeline_of(spec).fit(dataset.features, dataset.target)
        learned = uncertainty.learn(
            pipeline, dataset, keep_rows=spec.neighbours, seed=spec.seed, step=step
        )
        step("export and compare")
        made = export(
            pipeline,
            model=models.get(spec.model),
            preprocessing=preprocessing.get(spec.preprocessing),
            training=dataset,
            facts=_facts(metadata),
            folder=folder,
            uncertainty=learned,
            origin=origin_of(
                recipe,
                file=data.name,
                digest=dataset.digest,
                unit=dataset.target_unit,
                parent=digest_of(source, max_bytes),
            ),
            sign=signing(signing_key),
            max_bytes=max_bytes,
        )
        same = same_prices(source, folder, dataset, max_bytes)
    except AdminError as error:
        raise NotRepeatedError(
            f"its training cannot be repeated ({error}); train it again: housing-admin train"
        ) from error
    if not same:
        raise NotRepeatedError(
            "with the libraries of today, the same training gives a model of other prices; train it"
            " again: housing-admin train"
        )
    return made, learned, dataset


def _facts(metadata: Metadata) -> TrainingFacts:
    return TrainingFacts(
        name=metadata.name,
        params=metadata.params,
        metrics=metadata.metrics,
        run_id=metadata.run_id,
        code_version=metadata.code_version,
        trained_at=metadata.trained_at,
    )
