"""Bundles to test with, made by the real training code."""

from collections.abc import Callable, Mapping
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
from admin.export import TrainingFacts, export, onnx_graph
from admin.training import uncertainty
from admin.training.pipeline import build_pipeline
from housing_grpc.bundle import extension
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.format import (
    METADATA_FILE,
    MODEL_FILE,
    BundleFiles,
)
from housing_grpc.bundle.metadata import Golden, Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.part_files import (
    COVERS_FILE,
    LINEAR_FILE,
    PREPROCESSOR_FILE,
    TREES_FILE,
)
from housing_grpc.bundle.regressor_file import Regressor, encode
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.signature import SIGNATURE_FILE, Sign

DATA = Path(__file__).parents[2] / "data" / "HousingData.csv"
MODEL_NAME = "housing-price-model"
# What evaluates the models that are exported here.
EVALUATOR = "numpy" if extension.UNUSABLE else "native"
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
    *,
    honest: bool = False,
    seed: int = 7,
    **params: object,
) -> Example:
    """Train on all houses and export, as `admin train` does.

    With what tells how sure prices are only where it is wanted: that takes seconds.
    """
    chosen, filling = models.get(model), preprocessing.get(imputer)
    pipeline = build_pipeline(
        chosen, {**chosen.defaults, **params}, filling, dict(filling.defaults), seed=seed
    )
    pipeline.fit(houses.features, houses.target)
    facts = TrainingFacts(
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
        uncertainty=uncertainty.learn(pipeline, houses, seed=seed) if honest else None,
        sign=sign,
    )
    return Example(folder=folder, digest=exported.digest, pipeline=pipeline)


def rewrite(
    source: Path,
    folder: Path,
    *,
    regressor: Regressor | None = None,
    change: Callable[[Metadata], Metadata] = lambda metadata: metadata,
) -> Digest:
    """Write a changed copy of a bundle that is whole; returns its digest.

    Where the regressor is another one, the golden answers are its own.
    """
    metadata, blobs = bundle_format.read(source).metadata, contents(source)
    if regressor is not None:
        for name in (LINEAR_FILE, TREES_FILE, COVERS_FILE):
            blobs.pop(name, None)
        name, arrays = encode(regressor)
        blobs |= {name: arrays, MODEL_FILE: onnx_graph.build(regressor, len(FEATURE_NAMES))}
        metadata = _answered_anew(metadata, blobs)
    return bundle_format.write(folder, change(metadata), blobs)


def contents(folder: Path) -> dict[str, bytes]:
    """Returns the files of a bundle but for the metadata and its signature."""
    return {
        file.name: file.read_bytes()
        for file in folder.iterdir()
        if file.name not in (METADATA_FILE, SIGNATURE_FILE)
    }


def format_1(metadata: Metadata, blobs: Mapping[str, bytes]) -> tuple[Metadata, dict[str, bytes]]:
    """Returns what a bundle is in format 1, where the graph is all there is of the model."""
    kept = {name: blobs[name] for name in (PREPROCESSOR_FILE, MODEL_FILE)}
    golden = metadata.golden
    prices = Golden(rows=golden.rows, answers=golden.answers, tolerance=golden.tolerance)
    return msgspec.structs.replace(metadata, format_version=1, golden=prices, interval=None), kept


def _answered_anew(metadata: Metadata, blobs: Mapping[str, bytes]) -> Metadata:
    bundle = Bundle(BundleFiles(metadata=metadata, blobs=blobs, digest=Digest("")))
    golden = metadata.golden
    answers = bundle.predict(np.array(golden.rows, dtype=np.float64)).tolist()
    fresh = Golden(rows=golden.rows, answers=answers, tolerance=golden.tolerance)
    return msgspec.structs.replace(metadata, golden=fresh)
