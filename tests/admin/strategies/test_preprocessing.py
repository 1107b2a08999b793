import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.impute import KNNImputer

from admin import preprocessing
from admin.base.errors import UsageError
from admin.data.dataset import load
from admin.preprocessing.v2_knn import FairKNNImputer
from admin.strategies.strategy import merge
from housing_grpc.bundle import preprocess

Rows = NDArray[np.float64]

FEATURES = load(Path(__file__).parents[3] / "data" / "HousingData.csv").features
TRAINING: Rows = FEATURES.to_numpy()
SPREAD = np.nanstd(TRAINING, axis=0)
NAMES = preprocessing.names()


def blanked(rows: Rows, *, most: int) -> Rows:
    random = np.random.default_rng(1)
    rows = rows.copy()
    for row in rows:
        blanks = random.integers(1, most, endpoint=True)
        row[random.choice(13, size=blanks, replace=False)] = np.nan
    # scikit-learn's iterative imputer fills a row without any value otherwise if it is alone.
    return rows[~np.isnan(rows).all(axis=1)]


def served(name: str, imputer: Any) -> preprocess.Preprocessor:
    document = {
        "imputer": preprocessing.get(name).describe(imputer),
        "scaler": {"mean": [0.0] * 13, "scale": [1.0] * 13},
    }
    return preprocess.load(json.dumps(document, allow_nan=False).encode())


def test_the_preprocessings_are_listed_in_a_stable_order() -> None:
    assert tuple(sorted(NAMES)) == NAMES
    assert {"v1_median", "v2_knn", "v3_iterative"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_defaults_are_accepted(name: str) -> None:
    strategy = preprocessing.get(name)
    assert strategy.name == name
    assert strategy.title
    assert merge(strategy, {}) == strategy.defaults


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("most", [4, 12])
def test_what_it_describes_fills_as_it_does(name: str, most: int) -> None:
    strategy = preprocessing.get(name)
    imputer = strategy.build(strategy.defaults, 0).fit(FEATURES)
    rows = blanked(np.repeat(TRAINING, 2, axis=0), most=most)
    expected = imputer.transform(pd.DataFrame(rows, columns=FEATURES.columns))
    found = served(name, imputer).transform(rows)
    assert (np.abs(found - expected) / SPREAD).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("v2_knn", {"n_neighbors": 1}),
        ("v2_knn", {"n_neighbors": 490}),
        ("v3_iterative", {"max_iter": 0}),
        ("v3_iterative", {"imputation_order": "random"}),
    ],
)
def test_other_parameters_are_described_too(name: str, given: dict[str, object]) -> None:
    strategy = preprocessing.get(name)
    imputer = strategy.build(merge(strategy, given), 3).fit(FEATURES)
    rows = blanked(TRAINING, most=4)
    expected = imputer.transform(pd.DataFrame(rows, columns=FEATURES.columns))
    assert (np.abs(served(name, imputer).transform(rows) - expected) / SPREAD).max() < 1e-12


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("v1_median", {"n_neighbors": 3}, "v1_median has no parameter 'n_neighbors'; it has: none"),
        ("v2_knn", {"neighbors": 3}, "did you mean n_neighbors?"),
        ("v2_knn", {"n_neighbors": 0}, "v2_knn: a parameter was refused: .*n_neighbors"),
        ("v3_iterative", {"max_iter": -1}, "v3_iterative: a parameter was refused: .*max_iter"),
    ],
)
def test_wrong_parameters_are_refused(name: str, given: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        merge(preprocessing.get(name), given)


def test_an_unknown_preprocessing_is_refused_with_a_guess() -> None:
    with pytest.raises(UsageError, match=r"not one of the preprocessing \(did you mean v2_knn\?\)"):
        preprocessing.get("v2_kn")


def test_fair_knn_is_knn_where_houses_differ() -> None:
    random = np.random.default_rng(0)
    rows = random.uniform(np.nanmin(TRAINING, axis=0), np.nanmax(TRAINING, axis=0), (1000, 13))
    rows = blanked(rows, most=4)
    fair, stock = FairKNNImputer().fit(TRAINING), KNNImputer().fit(TRAINING)
    assert (fair.transform(rows) == stock.transform(rows)).all()
    assert (fair.fit_transform(TRAINING) == stock.transform(TRAINING)).all()


def test_fair_knn_does_not_depend_on_the_order_of_the_houses() -> None:
    # Of most rows so empty, many training rows are equally near.
    rows = blanked(np.where(np.isnan(TRAINING), 0.0, TRAINING)[::4], most=12)
    order = np.random.default_rng(0).permutation(len(TRAINING))
    one = FairKNNImputer().fit(TRAINING).transform(rows)
    other = FairKNNImputer().fit(TRAINING[order]).transform(rows)
    assert (np.abs(one - other) / SPREAD).max() < 1e-12
    stock = [KNNImputer().fit(known).transform(rows) for known in (TRAINING, TRAINING[order])]
    assert (np.abs(stock[0] - stock[1]) / SPREAD).max() > 0.1


def test_fair_knn_shares_the_last_places() -> None:
    known = np.array([[0.0, 10.0], [3.0, 20.0], [-3.0, 40.0], [3.0, 90.0], [9.0, 1000.0]])
    asked = np.array([[0.0, np.nan]])
    for neighbors, mean in [(1, 10), (2, 30), (3, (10 + 100) / 3), (4, 40), (5, 232)]:
        filled = FairKNNImputer(n_neighbors=neighbors).fit(known).transform(asked)
        assert filled[0, 1] == pytest.approx(mean, rel=1e-15)


@pytest.mark.parametrize("name", ["v1_median", "v2_knn"])
def test_a_feature_without_values_in_a_fold_is_kept(name: str) -> None:
    strategy = preprocessing.get(name)
    rows = TRAINING[:30].copy()
    rows[:, 4] = np.nan
    filled = strategy.build(strategy.defaults, 0).fit_transform(rows)
    assert filled.shape == (30, 13)
    assert not np.isnan(filled).any()
