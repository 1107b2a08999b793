"""Exports as the training does them, with small ensembles."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from admin import models, preprocessing
from admin.data.dataset import Dataset, load
from admin.export import Exported, TrainingFacts, export
from admin.strategies.graph import Trees
from admin.strategies.strategy import ModelStrategy, PreprocessingStrategy
from admin.training.pipeline import build_pipeline
from housing_grpc.bundle import files

DATASET = load(Path(__file__).parents[2] / "data" / "HousingData.csv")
FACTS = TrainingFacts(
    name="house-prices",
    params={"n_estimators": np.int64(5), "max_depth": None},
    metrics={"rmse": 3.5, "r2": float("nan")},
    run_id="abc",
    code_version="1.2.3",
    trained_at=datetime(2026, 1, 2, tzinfo=UTC),
)
DOLLARS = dataclasses.replace(DATASET, target=DATASET.target * 1000, target_unit="USD")


def fit(
    model: ModelStrategy, filling: PreprocessingStrategy, dataset: Dataset = DATASET, **params: Any
) -> Pipeline:
    small = {"n_estimators": 15} if "n_estimators" in model.defaults else {}
    chosen = {**model.defaults, **small, **params}
    pipeline = build_pipeline(model, chosen, filling, filling.defaults, 0)
    return pipeline.fit(dataset.features, dataset.target)


def run(
    folder: Path,
    model: str | ModelStrategy = "linear",
    filling: str | PreprocessingStrategy = "v1_median",
    dataset: Dataset = DATASET,
    facts: TrainingFacts = FACTS,
    *,
    max_bytes: int = files.MAX_BYTES,
) -> tuple[Exported, Pipeline]:
    model = models.get(model) if isinstance(model, str) else model
    filling = preprocessing.get(filling) if isinstance(filling, str) else filling
    pipeline = fit(model, filling, dataset)
    done = export(
        pipeline,
        model=model,
        preprocessing=filling,
        training=dataset,
        facts=facts,
        folder=folder,
        max_bytes=max_bytes,
    )
    return done, pipeline


def strangers(count: int = 300) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Houses of the training range and somewhat beyond, from complete to all but empty."""
    random = np.random.default_rng(9)
    low, high = DATASET.features.min().to_numpy(), DATASET.features.max().to_numpy()
    rows = random.uniform(low - 0.1 * (high - low), high, (count, 13))
    for row in rows:
        row[random.choice(13, size=random.integers(0, 13), replace=False)] = np.nan
    return rows


def trees_of(model: ModelStrategy, fitted: object) -> Trees:
    graph = model.graph(fitted)
    assert isinstance(graph, Trees)
    return graph
