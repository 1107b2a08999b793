import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest

from admin.export import onnx_graph
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.metadata import (
    FORMATS,
    Feature,
    Golden,
    Histogram,
    Metadata,
    Target,
)
from housing_grpc.bundle.regressor_file import Linear, encode
from housing_grpc.bundle.schema import FEATURE_NAMES, TARGET_NAME

# Answers 100 + sum of (value - 1) / 2, a missing value counting as 3.
MEANS, SCALES, MEDIANS = [1.0] * 13, [2.0] * 13, [3.0] * 13


@pytest.fixture
def blobs() -> dict[str, bytes]:
    document = {
        "imputer": {"kind": "constant", "values": MEDIANS},
        "scaler": {"mean": MEANS, "scale": SCALES},
    }
    linear = Linear(coefficients=np.ones(13), intercept=100.0)
    return {
        "preprocessor.json": json.dumps(document).encode(),
        "model.onnx": onnx_graph.build(linear, 13),
        **dict([encode(linear)]),
    }


@pytest.fixture
def metadata() -> Metadata:
    histogram = Histogram(edges=[0.0, 10.0], counts=[20])
    return Metadata(
        format_version=FORMATS[-1],
        name="house-prices",
        model_type="linear",
        preprocessing="v1_median",
        params={"alpha": 0.0},
        features=[
            Feature(name=name, min=0.0, max=10.0, missing_count=0, histogram=histogram)
            for name in FEATURE_NAMES
        ],
        target=Target(name=TARGET_NAME, unit="thousands of USD", min=5.0, max=50.0),
        metrics={"rmse": 1.5},
        data_digest="0" * 64,
        trained_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        run_id="run",
        code_version="1.2.3",
        library_versions={"numpy": "2"},
        golden=Golden(
            rows=[[1.0] * 13, [None] * 12 + [5.0]], answers=[100.0, 114.0], tolerance=1e-9
        ),
    )


@pytest.fixture
def folder(tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]) -> Path:
    where = tmp_path / "bundle"
    bundle_format.write(where, metadata, blobs)
    return where


@pytest.fixture
def wrong_golden(metadata: Metadata) -> Metadata:
    golden = msgspec.structs.replace(metadata.golden, answers=[100.0, 114.001])
    return msgspec.structs.replace(metadata, golden=golden)
