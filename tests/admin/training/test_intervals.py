"""What training learns of its own errors."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from admin import models, preprocessing
from admin.data.dataset import Dataset
from admin.training import intervals, uncertainty
from admin.training.intervals import Intervals
from admin.training.known_houses import KnownHouses
from tests.admin.exporting import DATASET, fit


def learned(dataset: Dataset, model: str = "linear") -> uncertainty.Uncertainty:
    pipeline = fit(models.get(model), preprocessing.get("v1_median"), dataset)
    return uncertainty.learn(pipeline, dataset, seed=3)


def part(rows: int) -> Dataset:
    """Gives some rows, spread over all."""
    places = np.linspace(0, len(DATASET.target) - 1, rows).astype(int)
    return dataclasses.replace(
        DATASET,
        features=DATASET.features.iloc[places].reset_index(drop=True),
        target=DATASET.target.iloc[places].reset_index(drop=True),
    )


@pytest.fixture(scope="module")
def found() -> Intervals:
    return learned(DATASET).intervals


def test_nine_in_ten_are_within(found: Intervals) -> None:
    assert 0.87 < found.coverage < 0.93
    assert found.coverage_error == pytest.approx(0.0131, abs=0.002)
    assert len(found.scores) == len(found.errors) == 506
    assert (np.diff(found.scores) >= 0).all()
    # Of houses in towns that no model has seen, fewer are.
    assert found.town_coverage is not None
    assert 0.7 < found.town_coverage < found.coverage


def test_they_are_narrower_where_prices_are_surer(found: Intervals) -> None:
    constant = 2 * np.quantile(found.errors, 0.9)
    assert found.winkler < 0.9 * _winkler(found.errors, constant / 2)


def _winkler(errors: intervals.Numbers, half: float) -> float:
    return float((2 * half + 20 * np.maximum(errors - half, 0)).mean())


def test_the_line_for_people(found: Intervals) -> None:
    line = dataclasses.replace(
        found, coverage=0.916, coverage_error=0.0123, width=8.72, town_coverage=0.84
    )
    assert line.described == (
        "interval 90 %: covers 91.6 ± 1.2 % out of fold, 8.72 wide; 84.0 % where towns are held out"
    )
    alone = dataclasses.replace(line, town_coverage=None)
    assert alone.described == "interval 90 %: covers 91.6 ± 1.2 % out of fold, 8.72 wide"
    assert "interval_town_coverage" not in alone.metrics


def test_errors_of_rows_that_a_forest_knows_by_heart_are_not_what_counts() -> None:
    pipeline = fit(models.get("random_forest"), preprocessing.get("v1_median"))
    known = np.abs(pipeline.predict(DATASET.features) - DATASET.target)
    assert np.quantile(known, 0.9) < 1e-9
    assert np.quantile(learned(DATASET, "random_forest").intervals.errors, 0.9) > 3


def test_it_is_the_same_each_time(found: Intervals) -> None:
    again = learned(DATASET).intervals
    assert again.scores.tolist() == found.scores.tolist()
    assert again.metrics == found.metrics


def test_steps_are_announced() -> None:
    said: list[str] = []
    pipeline = fit(models.get("linear"), preprocessing.get("v1_median"))
    uncertainty.learn(pipeline, DATASET, seed=3, step=said.append)
    assert len(said) == uncertainty.STEPS
    assert said[0] == "houses held out, fit 1 of 30"


@pytest.mark.parametrize("rows", [20, 40, 99])
def test_few_rows_have_a_spread_by_price(rows: int) -> None:
    found = learned(part(rows)).intervals
    tree = found.spread.graph().trees[0]
    assert {int(each) for each in tree.feature[tree.left >= 0]} <= {13}
    assert (tree.value[tree.left < 0] > 0).all()
    inputs = np.column_stack([np.zeros((7, 13)), np.linspace(0, 50, 7), np.zeros(7)])
    assert (found.spread.usual(inputs) > 0).all()
    assert found.quantile(0.9) < np.inf
    assert found.quantile(0.99) == np.inf if rows < 99 else found.quantile(0.99) < np.inf


def test_a_model_without_errors_is_bounded_all_the_same() -> None:
    target = pd.Series(DATASET.features["RM"].fillna(6.0) * 3, name="MEDV")
    features = DATASET.features.fillna(6.0)
    found = learned(dataclasses.replace(DATASET, features=features, target=target)).intervals
    assert found.coverage > 0.85
    assert found.width < 1e-6


def test_equal_rows_are_at_no_distance() -> None:
    features = pd.DataFrame(np.tile(DATASET.features.fillna(1.0).to_numpy()[:30], (4, 1)))
    features.columns = DATASET.features.columns
    target = pd.Series(np.random.default_rng(0).normal(20, 3, 120), name="MEDV")
    found = learned(dataclasses.replace(DATASET, features=features, target=target))
    assert found.known.distances.max() == 0
    assert found.intervals.reach == 1.0
    assert isinstance(found.known, KnownHouses)


def test_towns_are_kept_whole() -> None:
    folds = intervals.town_folds(DATASET)
    assert folds is not None
    assert set(folds) == set(range(10))
    towns = DATASET.features[["RAD", "TAX", "PTRATIO"]].to_numpy()
    same = (towns[1:] == towns[:-1]).all(axis=1)
    assert (folds[1:][same] == folds[:-1][same]).all()


def test_a_table_of_few_towns_has_no_coverage_by_town() -> None:
    features = DATASET.features.copy()
    features[["RAD", "TAX", "PTRATIO"]] = [4.0, 300.0, 18.0]
    alike = dataclasses.replace(DATASET, features=features)
    assert intervals.town_folds(alike) is None
    assert learned(alike).intervals.town_coverage is None
