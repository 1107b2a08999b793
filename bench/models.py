"""The models that are measured: trained with the shipped defaults on all the shipped data."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from housing.v1.prediction_pb2 import House
from sklearn.pipeline import Pipeline

from admin import models, preprocessing
from admin.data.dataset import load
from admin.export import TrainingFacts, export
from admin.strategies.strategy import merge
from admin.training import uncertainty
from admin.training.pipeline import build_pipeline
from bench.accuracy import DATA

TYPES = ("linear", "random_forest", "gradient_boost", "xgboost")
# Of the shipped data's houses a fifth miss something, mostly one or two values.
BLANKS = ("AGE", "LSTAT")


def make_bundle(
    name: str,
    folder: Path,
    *,
    preparation: str = "v1_median",
    params: Mapping[str, Any] | None = None,
    honest: bool = False,
) -> Pipeline:
    """Trains a model and writes its bundle.

    Args:
        name: Model type.
        folder: Of the bundle, to be made.
        preparation: Preprocessing.
        params: Hyperparameters in place of the defaults.
        honest: Whether the bundle says how sure its prices are.

    Returns:
        The fitted pipeline, which the bundle answers as.
    """
    dataset = load(DATA)
    model, prepare = models.get(name), preprocessing.get(preparation)
    pipeline = build_pipeline(
        model, merge(model, dict(params or {})), prepare, merge(prepare, {}), seed=0
    )
    pipeline.fit(dataset.features, dataset.target)
    facts = TrainingFacts(
        name="bench", params={}, metrics={}, run_id="", code_version="",
        trained_at=datetime.now(UTC),
    )  # fmt: skip
    export(
        pipeline,
        model=model,
        preprocessing=prepare,
        training=dataset,
        facts=facts,
        folder=folder,
        uncertainty=uncertainty.learn(pipeline, dataset, seed=0) if honest else None,
    )
    return pipeline


@contextmanager
def made(
    name: str,
    *,
    preparation: str = "v1_median",
    params: Mapping[str, Any] | None = None,
    honest: bool = False,
) -> Iterator[tuple[Path, Pipeline]]:
    """Makes a bundle for as long as it is entered; gives its folder and its pipeline."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "bundle")
        pipeline = make_bundle(name, folder, preparation=preparation, params=params, honest=honest)
        yield folder, pipeline


def example() -> dict[str, float]:
    """Returns a complete house, by the dataset's names."""
    text = files("housing_grpc.rest").joinpath("static/example-house.json").read_text()
    house: dict[str, float] = json.loads(text)
    return house


def to_house(values: Mapping[str, float]) -> House:
    """Returns a house as the contract's message."""
    return House(**{name.lower(): value for name, value in values.items()})
