import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from admin import models, preprocessing
from admin.export import export
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.admin.exporting import DATASET, DOLLARS, FACTS, fit, run, strangers


@pytest.mark.parametrize("filling", preprocessing.names())
@pytest.mark.parametrize("model", models.names())
def test_every_bundle_answers_as_its_pipeline(tmp_path: Path, model: str, filling: str) -> None:
    done, pipeline = run(tmp_path / "bundle", model, filling)
    assert 0 <= done.largest_gap <= done.tolerance
    rows = strangers()
    expected = pipeline.predict(pd.DataFrame(rows, columns=list(FEATURE_NAMES)))
    found = bundle_model.load(done.folder).predict(rows)
    assert np.abs(found - expected).max() <= (1e-5 if model == "xgboost" else 1e-10)


def test_xgboost_with_its_defaults_is_within_the_tolerance(tmp_path: Path) -> None:
    model, filling = models.get("xgboost"), preprocessing.get("v1_median")
    pipeline = fit(model, filling, **model.defaults)
    folder = tmp_path / "bundle"
    export(
        pipeline,
        model=model,
        preprocessing=filling,
        training=DATASET,
        facts=FACTS,
        folder=folder,
    )
    bundle_model.load(folder)


@pytest.mark.parametrize("model", ["linear", "xgboost"])
def test_a_target_in_dollars(tmp_path: Path, model: str) -> None:
    done, _ = run(tmp_path / "bundle", model, dataset=DOLLARS)
    assert done.tolerance == pytest.approx(0.1, rel=0.001)
    described = bundle_model.load(done.folder).metadata
    assert described.target.unit == "USD"
    assert described.target.max == 50_000
    assert described.golden.tolerance == done.tolerance


def test_the_same_training_gives_the_same_bundle(tmp_path: Path) -> None:
    one, _ = run(tmp_path / "one", "xgboost", "v2_knn")
    same, _ = run(tmp_path / "same", "xgboost", "v2_knn")
    assert one.digest == same.digest
    assert one.largest_gap == same.largest_gap


NEW_MODEL = '''
"""A model that somebody adds: the mean of the prices."""

import numpy as np
from sklearn.dummy import DummyRegressor

from ..strategies import Linear, ModelStrategy, shares

STRATEGY = ModelStrategy(
    name="typical_price",
    title="Typical price",
    defaults={"strategy": "mean"},
    build=lambda params, seed: DummyRegressor(**params),
    graph=lambda fitted: Linear(
        coefficients=np.zeros(13), intercept=float(fitted.constant_.item())
    ),
    importance=lambda fitted: shares(np.zeros(13)),
)
'''


def test_a_new_model_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "typical_price.py").write_text(NEW_MODEL)
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "admin.models.typical_price", raising=False)
    assert "typical_price" in models.names()
    model = models.get("typical_price")
    done, _ = run(tmp_path / "bundle", model)
    typical = DATASET.target.mean()
    assert bundle_model.load(done.folder).predict(strangers()) == pytest.approx(typical)
