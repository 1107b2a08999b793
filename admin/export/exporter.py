"""Makes the bundle of a fitted pipeline, compares the two, and writes it if they agree."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from sklearn.pipeline import Pipeline

from housing_grpc.bundle import files, golden_rows, preprocess, regressor_file
from housing_grpc.bundle import metadata as meta
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.digest import Digest
from housing_grpc.bundle.errors import BundleError
from housing_grpc.bundle.format import MODEL_FILE, BundleFiles, write
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.part_files import PREPROCESSOR_FILE
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.bundle.signature import Sign
from housing_grpc.registry.error_causes import disk_is_full

from .. import card
from ..base.errors import ExportError, UsageError
from ..data.dataset import Dataset
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy
from ..training.uncertainty import Uncertainty
from . import comparison, description, onnx_graph, parts, parts_comparison
from .flatten import flatten
from .onnx_session import OnnxSession
from .probes import probes
from .reference import scaled

# A ten-thousandth where prices are in thousands of dollars and spread as those of the
# shipped data are: ten cents.
_TOLERANCE = 1e-4
_SPREAD = 9.19


@dataclass(frozen=True, kw_only=True)
class TrainingFacts:
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
    facts: TrainingFacts,
    folder: Path,
    uncertainty: Uncertainty | None = None,
    origin: card.Origin | None = None,
    sign: Sign | None = None,
    max_bytes: int = files.MAX_BYTES,
    bundle_format: int = meta.FORMATS[-1],
) -> Exported:
    """Write a fitted pipeline as a bundle, unless their answers differ.

    Args:
        pipeline: Fitted; made by `admin.training.pipeline.build_pipeline`.
        model: Its type of model.
        preprocessing: Its preprocessing.
        training: The rows it was fitted to.
        facts: What else the bundle is to say.
        folder: Where to write it; must not exist yet.
        uncertainty: How sure its prices are, and how unusual houses; None for a bundle that does
            not say. One of format 1 cannot.
        origin: What its card says besides; None for a bundle without a card, as of format 1.
        sign: Signs it; see `admin.base.signing`.
        max_bytes: Most bytes of a bundle that servers take.
        bundle_format: Layout of the bundle: 1 for servers that cannot read 2 yet.

    Raises:
        ExportError: The bundle does not answer as the pipeline does; nothing is written.
        UsageError: `folder` exists already or cannot be written.
        OSError: The disk is full; the text says how much the bundle takes.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already; name a folder that is not")
    tolerance = tolerance_of(training)
    blobs = _blobs(
        pipeline,
        model=model,
        preprocessing=preprocessing,
        training=training,
        uncertainty=uncertainty,
        layout=bundle_format,
    )
    metadata = _metadata(
        pipeline,
        model=model,
        preprocessing=preprocessing,
        training=training,
        facts=facts,
        tolerance=tolerance,
        uncertainty=uncertainty,
        bundle_format=bundle_format,
    )
    if origin is not None:
        blobs |= card.make(metadata, training, origin, uncertainty.slices if uncertainty else ())
    kinds = probes(training.features.to_numpy())
    try:
        files.check_sizes([(name, len(blob)) for name, blob in blobs.items()], max_bytes)
        ways = _ways(metadata, blobs)
        gap = comparison.largest_gap(ways, pipeline, kinds)
    except BundleError as error:
        raise ExportError(f"{facts.name}: the bundle cannot be used: {error}") from error
    # Written so that a NaN is refused.
    if not gap.size <= tolerance:
        raise ExportError(
            f"{facts.name}: the bundle's answers are off by up to {gap.size:.3g} on {gap.rows},"
            f" {tolerance:.3g} is allowed; many trees summed in float32, as XGBoost does, are"
            " the usual reason: train fewer trees with a larger learning rate"
        )
    subject = parts_comparison.Subject(
        ways=ways,
        preprocessor=preprocess.load(blobs[PREPROCESSOR_FILE]),
        regressor=flatten(model.graph(pipeline["model"])),
        pipeline=pipeline,
        uncertainty=uncertainty,
        unit=tolerance / _TOLERANCE,
    )
    parts_comparison.check(subject, kinds)
    golden = golden_rows.extended(metadata.golden, ways.numpy)
    metadata = msgspec.structs.replace(metadata, golden=golden)
    digest = write_bundle(folder, metadata, blobs, sign, max_bytes)
    return Exported(
        digest=digest,
        folder=folder,
        largest_gap=gap.size,
        tolerance=tolerance,
    )


def tolerance_of(training: Dataset) -> float:
    """Return the largest difference to accept, in the target's unit.

    It grows with the spread of the target, so that it means the same in any currency.
    """
    return _TOLERANCE * float(np.std(training.target.to_numpy())) / _SPREAD


def _blobs(
    pipeline: Pipeline,
    *,
    model: ModelStrategy,
    preprocessing: PreprocessingStrategy,
    training: Dataset,
    uncertainty: Uncertainty | None,
    layout: int,
) -> dict[str, bytes]:
    scaler = pipeline["scaler"]
    document = {
        "imputer": preprocessing.describe(pipeline["imputer"]),
        "scaler": {"mean": scaler.mean_.tolist(), "scale": scaler.scale_.tolist()},
    }
    graph = model.graph(pipeline["model"])
    made = flatten(graph)
    blobs = {
        PREPROCESSOR_FILE: json.dumps(document, allow_nan=False).encode(),
        MODEL_FILE: onnx_graph.build(made, len(FEATURE_NAMES)),
    }
    if layout > 1:
        blobs |= dict([regressor_file.encode(made)])
        rows = scaled(pipeline, training.features.to_numpy())
        blobs |= parts.explaining(graph, made, rows)
    return blobs | (parts.honest(uncertainty) if uncertainty else {})


def _metadata(
    pipeline: Pipeline,
    *,
    model: ModelStrategy,
    preprocessing: PreprocessingStrategy,
    training: Dataset,
    facts: TrainingFacts,
    tolerance: float,
    uncertainty: Uncertainty | None,
    bundle_format: int,
) -> Metadata:
    return Metadata(
        format_version=bundle_format,
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
        interval=parts.facts(uncertainty) if uncertainty else None,
    )


def _ways(metadata: Metadata, blobs: Mapping[str, bytes]) -> comparison.Ways:
    """Load the bundle from what would be written, once for each way to ask it."""
    as_read = meta.decode(meta.encode(metadata))
    found = BundleFiles(metadata=as_read, blobs=blobs, digest=Digest(""))
    native = bundle_model.Bundle(found)
    return comparison.Ways(
        native=native if native.evaluator == "native" else None,
        numpy=bundle_model.Bundle(found, native=False),
        onnx=OnnxSession(preprocess.load(blobs[PREPROCESSOR_FILE]), blobs[MODEL_FILE]),
    )


def write_bundle(
    folder: Path,
    metadata: Metadata,
    blobs: Mapping[str, bytes],
    sign: Sign | None,
    max_bytes: int,
) -> Digest:
    """Write a bundle and read it back; returns its digest.

    Raises:
        ExportError: It cannot be read back; nothing is left of it.
        UsageError: `folder` cannot be written.
        OSError: The disk is full.
    """
    try:
        digest = write(folder, metadata, blobs, sign)
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
