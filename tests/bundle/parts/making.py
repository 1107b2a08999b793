"""Bundles with all parts, made as training makes them, of models that are small."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from admin import models, preprocessing
from admin.data.dataset import Dataset
from admin.export import export
from admin.training import uncertainty
from admin.training.uncertainty import Uncertainty
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.model import Bundle
from tests.admin.exporting import DATASET, FACTS, fit


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """A bundle, and what it was made from."""

    folder: Path
    pipeline: Pipeline
    learned: Uncertainty

    @property
    def files(self) -> BundleFiles:
        """Its files."""
        return bundle_format.read(self.folder)

    @property
    def native(self) -> Bundle:
        """With the evaluator in C, if it was built."""
        return Bundle(self.files)

    @property
    def numpy(self) -> Bundle:
        """Without it."""
        return Bundle(self.files, native=False)


def make(
    folder: Path,
    model: str,
    filling: str = "v1_median",
    *,
    dataset: Dataset = DATASET,
    keep_rows: bool = True,
    **params: Any,
) -> Made:
    """Trains and exports a model with everything a bundle can have."""
    pipeline = fit(models.get(model), preprocessing.get(filling), dataset, **params)
    learned = uncertainty.learn(pipeline, dataset, keep_rows=keep_rows, seed=0)
    export(
        pipeline,
        model=models.get(model),
        preprocessing=preprocessing.get(filling),
        training=dataset,
        facts=FACTS,
        folder=folder,
        uncertainty=learned,
    )
    return Made(folder=folder, pipeline=pipeline, learned=learned)


@cache
def houses() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Returns rows of the data, rows of nonsense, and rows with blanks."""
    random = np.random.default_rng(5)
    real = DATASET.features.to_numpy()
    complete = np.where(np.isnan(real), np.nanmedian(real, axis=0), real)
    shuffled = random.permuted(complete, axis=0)
    blanked = np.where(random.random(real.shape) < 0.2, np.nan, shuffled)
    return np.concatenate([real[:100], shuffled[:200], blanked[:100], complete[:5] * 100])
