"""Bundles to test with, made by the real training code."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from admin import models, preprocessing
from admin.data import dataset
from admin.data.dataset import Dataset
from admin.export import Facts, export
from admin.training.evaluate import build_pipeline
from housing_grpc.bundle import extension
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.format import MODEL_FILE, BundleFiles
from housing_grpc.bundle.metadata import Golden, Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.signature import Sign

DATA = Path(__file__).parents[2] / "data" / "HousingData.csv"
MODEL_NAME = "housing-price-model"
# What evaluates the models that are exported here.
EVALUATOR = "onnxruntime" if extension.UNUSABLE else "native"
TRAINED_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

Rows = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A bundle and the fitted pipeline that it was made from."""

    folder: Path
    digest: Digest
    pipeline: Any

    @property
    def version(self) -> str:
        """What a server of the folder calls it."""
        return self.digest[:12]

    def prices(self, rows: Rows) -> Rows:
        """Ask the fitted pipeline, without the bundle."""
        answers = self.pipeline.predict(pd.DataFrame(rows, columns=list(FEATURE_NAMES)))
        return np.asarray(answers, dtype=np.float64)


def load_houses() -> Dataset:
    """Load the shipped data."""
    return dataset.load(DATA)


def make(
    folder: Path,
    houses: Dataset,
    model: str,
    imputer: str,
    sign: Sign | None = None,
    **params: object,
) -> Example:
    """Train on all houses and export, as `admin train` does."""
    chosen, filling = models.get(model), preprocessing.get(imputer)
    pipeline = build_pipeline(
        chosen, {**chosen.defaults, **params}, filling, dict(filling.defaults), seed=7
    )
    pipeline.fit(houses.features, houses.target)
    facts = Facts(
        name=MODEL_NAME,
        params=params,
        metrics={"rmse": 4.5, "cv_rmse": 4.75},
        run_id="run-of-" + model,
        code_version="test",
        trained_at=TRAINED_AT,
    )
    exported = export(
        pipeline,
        model=chosen,
        preprocessing=filling,
        training=houses,
        facts=facts,
        folder=folder,
        sign=sign,
    )
    return Example(folder=folder, digest=exported.digest, pipeline=pipeline)


def rewrite(
    source: Path,
    folder: Path,
    *,
    graph: bytes | None = None,
    change: Callable[[Metadata], Metadata] = lambda metadata: metadata,
) -> Digest:
    """Write a changed copy of a bundle that is whole; returns its digest.

    Where the graph is another one, the golden answers are its own.
    """
    found = bundle_format.read(source)
    metadata, blobs = found.metadata, dict(found.blobs)
    if graph is not None:
        blobs[MODEL_FILE] = graph
        metadata = _answered_anew(metadata, blobs)
    return bundle_format.write(folder, change(metadata), blobs)


def _answered_anew(metadata: Metadata, blobs: dict[str, bytes]) -> Metadata:
    bundle = Bundle(BundleFiles(metadata=metadata, blobs=blobs, digest=Digest("")))
    golden = metadata.golden
    answers = bundle.predict(np.array(golden.rows, dtype=np.float64)).tolist()
    fresh = Golden(rows=golden.rows, answers=answers, tolerance=golden.tolerance)
    return msgspec.structs.replace(metadata, golden=fresh)
