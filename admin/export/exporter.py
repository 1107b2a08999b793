"""Makes the bundle of a fitted pipeline, compares the two, and writes it if they agree."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from sklearn.pipeline import Pipeline

from housing_grpc.bundle import files
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import metadata as meta
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.format import MODEL_FILE, PREPROCESSOR_FILE, BundleFiles
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.signature import Sign
from housing_grpc.registry.error_causes import disk_is_full

from ..base.errors import ExportError, UsageError
from ..data.dataset import Dataset
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy
from . import comparison, description, onnx_graph

# A ten-thousandth where prices are in thousands of dollars and spread as those of the
# shipped data are: ten cents.
_TOLERANCE = 1e-4
_SPREAD = 9.19


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the bundle is to say of its training that the pipeline does not know.

    Attributes:
        name: Registered model name.
        params: Hyperparameters that were set.
        metrics: Quality measured in training; those that are not finite are left out.
        run_id: MLflow run, or "" for none.
        code_version: Version of the code that trained.
        trained_at: When, with a time zone.
    """

    name: str
    params: Mapping[str, object]
    metrics: Mapping[str, float]
    run_id: str
    code_version: str
    trained_at: datetime


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A bundle that was written.

    Attributes:
        digest: SHA-256 of its `metadata.json`, and so of the whole.
        folder: Where it is.
        largest_gap: Largest difference between its answers and the fitted pipeline's, in
            the target's unit.
        tolerance: Largest difference that would have been accepted.
    """

    digest: Digest
    folder: Path
    largest_gap: float
    tolerance: float


def export(
    pipeline: Pipeline,
    *,
    model: ModelStrategy,
    preprocessing: PreprocessingStrategy,
    training: Dataset,
    facts: Facts,
    folder: Path,
    sign: Sign | None = None,
    max_bytes: int = files.MAX_BYTES,
) -> Exported:
    """Write a fitted pipeline as a bundle, unless their answers differ.

    Args:
        pipeline: Fitted; made by `admin.training.evaluate.build_pipeline`.
        model: Its type of model.
        preprocessing: Its preprocessing.
        training: The rows it was fitted to.
        facts: What else the bundle is to say.
        folder: Where to write it; must not exist yet.
        sign: Signs it; see `admin.export.signing`.
        max_bytes: Most bytes of a bundle that servers take.

    Raises:
        ExportError: The bundle does not answer as the pipeline does; nothing is written.
        UsageError: `folder` exists already or cannot be written.
        OSError: The disk is full; the text says how much the bundle takes.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; name a folder that is not")
    tolerance = tolerance_of(training)
    blobs = _blobs(pipeline, model, preprocessing)
    metadata = _metadata(
        pipeline,
        model=model,
        preprocessing=preprocessing,
        training=training,
        facts=facts,
        tolerance=tolerance,
    )
    try:
        files.check_sizes([(name, len(blob)) for name, blob in blobs.items()], max_bytes)
        # Servers with and without the evaluator in C may get the bundle.
        bundles = [_in_memory(metadata, blobs, native=native) for native in (True, False)]
        gap = comparison.largest_gap(bundles, pipeline, training)
    except BundleError as error:
        raise ExportError(f"{facts.name}: the bundle cannot be used: {error}") from error
    # Written so that a NaN is refused.
    if not gap.size <= tolerance:
        raise ExportError(
            f"{facts.name}: the bundle's answers are off by up to {gap.size:.3g} on {gap.rows},"
            f" {tolerance:.3g} is allowed; many trees summed in float32, as XGBoost does, are"
            " the usual reason: train fewer trees with a larger learning rate"
        )
    digest = _write(folder, metadata, blobs, sign, max_bytes)
    return Exported(digest=digest, folder=folder, largest_gap=gap.size, tolerance=tolerance)


def tolerance_of(training: Dataset) -> float:
    """Return the largest difference to accept, in the target's unit.

    It grows with the spread of the target, so that it means the same in any currency.
    """
    return _TOLERANCE * float(np.std(training.target.to_numpy())) / _SPREAD


def _blobs(
    pipeline: Pipeline, model: ModelStrategy, preprocessing: PreprocessingStrategy
) -> dict[str, bytes]:
    scaler = pipeline["scaler"]
    document = {
        "imputer": preprocessing.describe(pipeline["imputer"]),
        "scaler": {"mean": scaler.mean_.tolist(), "scale": scaler.scale_.tolist()},
    }
    graph = model.graph(pipeline["model"])
    return {
        PREPROCESSOR_FILE: json.dumps(document, allow_nan=False).encode(),
        MODEL_FILE: onnx_graph.build(graph, len(FEATURE_NAMES)),
    }


def _metadata(
    pipeline: Pipeline,
    *,
    model: ModelStrategy,
    preprocessing: PreprocessingStrategy,
    training: Dataset,
    facts: Facts,
    tolerance: float,
) -> Metadata:
    return Metadata(
        format_version=meta.FORMAT_VERSION,
        name=facts.name,
        model_type=model.name,
        preprocessing=preprocessing.name,
        params=description.plain(facts.params),
        features=description.features(training),
        target=description.target(training),
        metrics={name: float(x) for name, x in facts.metrics.items() if np.isfinite(x)},
        data_digest=training.digest,
        trained_at=facts.trained_at,
        run_id=facts.run_id,
        code_version=facts.code_version,
        library_versions=description.library_versions(pipeline),
        golden=description.golden(pipeline, training, tolerance),
    )


def _in_memory(
    metadata: Metadata, blobs: Mapping[str, bytes], *, native: bool
) -> bundle_model.Bundle:
    """Load the bundle from what would be written."""
    as_read = meta.decode(meta.encode(metadata))
    files = BundleFiles(metadata=as_read, blobs=blobs, digest=Digest(""))
    return bundle_model.Bundle(files, native=native)


def _write(
    folder: Path,
    metadata: Metadata,
    blobs: Mapping[str, bytes],
    sign: Sign | None,
    max_bytes: int,
) -> Digest:
    try:
        digest = bundle_format.write(folder, metadata, blobs, sign)
    except OSError as error:
        if disk_is_full(error):
            raise
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}; name another folder"
        ) from error
    try:
        bundle_model.load(folder, max_bytes=max_bytes)
    except BundleError as error:
        shutil.rmtree(folder)
        raise ExportError(f"{folder} cannot be read back: {error}; check the disk") from error
    return digest
