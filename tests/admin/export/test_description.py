import hashlib
import platform
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from admin.export.description import histogram
from admin.export.probes import probes
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.admin.exporting import DATASET, FACTS, run


def test_the_metadata_tells_where_the_bundle_comes_from(tmp_path: Path) -> None:
    done, _ = run(tmp_path / "bundle", "xgboost", "v2_knn")
    document = (done.folder / "metadata.json").read_bytes()
    assert done.digest == hashlib.sha256(document).hexdigest()
    found = bundle_model.load(done.folder).metadata
    assert (found.name, found.model_type, found.preprocessing) == (
        "house-prices",
        "xgboost",
        "v2_knn",
    )
    assert found.params == {"n_estimators": 5, "max_depth": None}
    assert found.metrics == {"rmse": 3.5}
    assert (found.run_id, found.code_version) == ("abc", "1.2.3")
    assert found.trained_at == FACTS.trained_at
    assert found.data_digest == DATASET.digest
    assert (found.target.name, found.target.unit) == ("MEDV", "thousands of USD")
    assert (found.target.min, found.target.max) == (5.0, 50.0)
    assert found.library_versions["scikit-learn"] == sklearn.__version__
    assert found.library_versions["xgboost"] == xgboost.__version__
    assert found.library_versions["python"] == platform.python_version()


def test_the_metadata_describes_the_features(tmp_path: Path) -> None:
    done, _ = run(tmp_path / "bundle")
    found = bundle_model.load(done.folder).metadata
    assert set(found.library_versions) == {
        "numpy",
        "onnx",
        "onnxruntime",
        "python",
        "scikit-learn",
    }
    for feature in found.features:
        column = DATASET.features[feature.name].dropna()
        assert (feature.min, feature.max) == (column.min(), column.max())
        assert feature.missing_count == len(DATASET.features) - len(column)
        assert sum(feature.histogram.counts) == len(column)
    chas = found.features[FEATURE_NAMES.index("CHAS")]
    river = int((DATASET.features["CHAS"] == 1).sum())
    assert chas.histogram.edges == [0.0, 0.5, 1.0]
    assert chas.histogram.counts == [506 - 20 - river, river]


def test_the_golden_rows_are_of_every_kind(tmp_path: Path) -> None:
    done, pipeline = run(tmp_path / "bundle", "random_forest", "v3_iterative")
    golden = bundle_model.load(done.folder).metadata.golden
    blanks = [row.count(None) for row in golden.rows]
    assert len(blanks) == 16
    assert blanks.count(0) >= 3
    assert blanks[-1] == 12
    assert len(set(blanks)) > 6
    rows = pd.DataFrame(np.array(golden.rows, dtype=float), columns=list(FEATURE_NAMES))
    assert golden.answers == pipeline.predict(rows).tolist()


def test_the_probes_are_the_promised_ones() -> None:
    training = DATASET.features.to_numpy()
    found = probes(training)
    assert {kind: len(rows) for kind, rows in found.items()} == {
        "training rows as they are": 506,
        "training rows": 506,
        "rows with shuffled columns": 20_240,
        "rows spread evenly": 20_000,
        "training rows with blanks": 2_000,
        "rows with shuffled columns with blanks": 2_000,
        "rows spread evenly with blanks": 2_000,
    }
    complete = found["training rows"]
    shuffled = found["rows with shuffled columns"].reshape(40, 506, 13)
    assert (np.sort(shuffled, axis=1) == np.sort(complete, axis=0)).all()
    assert (shuffled != complete).any(axis=2).mean() > 0.99
    for kind, rows in found.items():
        blanks = np.isnan(rows).sum(axis=1)
        if kind.endswith("with blanks"):
            assert set(blanks) == {1, 2, 3, 4}
        elif kind != "training rows as they are":
            assert blanks.max() == 0


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60))
@settings(deadline=None)
def test_a_histogram_counts_every_value(values: list[float]) -> None:
    found = histogram(np.array(values))
    edges = np.array(found.edges)
    assert (np.diff(edges) > 0).all()
    assert np.isfinite(edges).all()
    assert 1 <= len(found.counts) <= 10
    assert len(edges) == len(found.counts) + 1
    assert sum(found.counts) == len(values)


def test_a_histogram_has_bins_of_about_equal_size() -> None:
    assert histogram(np.arange(1000.0)).counts == [100] * 10
    assert histogram(np.array([4.0, 4.0])).edges == [2.0, 6.0]
    assert histogram(np.array([1.0] * 7 + [2.0] * 3)).counts == [7, 3]
