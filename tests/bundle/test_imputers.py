"""The imputers that serve, against those of scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - unlocks the next import
from sklearn.impute import IterativeImputer as FittedIterative
from sklearn.impute import KNNImputer, SimpleImputer

from admin.data.dataset import load
from housing_grpc.bundle.imputers import ConstantImputer, Imputer, IterativeImputer, KnnImputer

Rows = NDArray[np.float64]

TRAINING: Rows = load(Path(__file__).parents[2] / "data" / "HousingData.csv").features.to_numpy()
COMPLETE: Rows = np.where(np.isnan(TRAINING), np.nanmedian(TRAINING, axis=0), TRAINING)
SPREAD = np.nanstd(TRAINING, axis=0)


def houses(count: int, *, most_blanks: int, seed: int = 0) -> Rows:
    """Rows that no training row is equal to, each with a blank at least."""
    random = np.random.default_rng(seed)
    rows = random.uniform(COMPLETE.min(axis=0), COMPLETE.max(axis=0), (count, 13))
    for row in rows:
        blanks = random.integers(1, most_blanks, endpoint=True)
        row[random.choice(13, size=blanks, replace=False)] = np.nan
    return rows


def fill(imputer: Imputer, rows: Rows) -> Rows:
    return imputer.fill(rows.copy(), np.isnan(rows))


def iterative(fitted: FittedIterative) -> IterativeImputer:
    low = -np.inf if fitted.min_value is None else fitted.min_value
    high = np.inf if fitted.max_value is None else fitted.max_value
    return IterativeImputer(
        initial=fitted.initial_imputer_.statistics_,
        minimum=np.full(13, low),
        maximum=np.full(13, high),
        steps=[
            (s.feat_idx, s.neighbor_feat_idx, s.estimator.coef_, float(s.estimator.intercept_))
            for s in fitted.imputation_sequence_
        ],
    )


def assert_same(found: Rows, expected: Rows) -> None:
    assert not np.isnan(found).any()
    assert (np.abs(found - expected) / SPREAD).max() < 1e-12


def test_constant_is_the_simple_imputer() -> None:
    fitted = SimpleImputer(strategy="median").fit(TRAINING)
    rows = houses(500, most_blanks=13)
    assert (fill(ConstantImputer(fitted.statistics_), rows) == fitted.transform(rows)).all()


@pytest.mark.parametrize("neighbors", [1, 5, 20, 480, 600])
def test_knn_is_the_knn_imputer_where_no_two_houses_are_equally_near(neighbors: int) -> None:
    fitted = KNNImputer(n_neighbors=neighbors).fit(TRAINING)
    rows = houses(1000 if neighbors < 100 else 50, most_blanks=4)
    assert_same(fill(KnnImputer(TRAINING, neighbors), rows), fitted.transform(rows))


def test_knn_without_any_value_gives_the_means() -> None:
    rows = np.full((1, 13), np.nan)
    expected = KNNImputer().fit(TRAINING).transform(rows)
    assert_same(fill(KnnImputer(TRAINING, 5), rows), expected)


def test_knn_counts_only_houses_that_share_a_feature() -> None:
    nan = np.nan
    known = np.array([[1.0, 10.0, 0.0], [2.0, 20.0, 0.0], [nan, 90.0, 0.0]])
    asked = np.array([[1.4, nan, nan]])
    expected = KNNImputer(n_neighbors=3).fit(known).transform(asked)
    assert fill(KnnImputer(known, 3), asked).tolist() == expected.tolist() == [[1.4, 15.0, 0.0]]


def test_knn_shares_the_last_places_among_houses_equally_near() -> None:
    known = np.array([[0.0, 10.0], [3.0, 20.0], [-3.0, 40.0], [3.0, 90.0], [9.0, 1000.0]])
    asked = np.array([[0.0, np.nan]])
    tied = (20 + 40 + 90) / 3
    for neighbors, mean in [(1, 10), (2, (10 + tied) / 2), (3, (10 + 2 * tied) / 3), (4, 40)]:
        for order in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]):
            filled = fill(KnnImputer(known[order], neighbors), asked)
            assert filled[0, 1] == pytest.approx(mean, rel=1e-15)


def test_knn_ties_survive_rounding() -> None:
    # Both are 0.1 away, but not in floating point.
    known = np.array([[0.2, 1.0], [0.4, 2.0]])
    asked = np.array([[0.3, np.nan]])
    assert abs(0.2 - 0.3) != abs(0.4 - 0.3)
    assert fill(KnnImputer(known, 1), asked)[0, 1] == 1.5


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"max_iter": 1, "tol": 1e-9},
        {"imputation_order": "random"},
        {"imputation_order": "arabic", "initial_strategy": "median"},
        {"min_value": 0.0, "max_value": 60.0},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:.*Early stopping criterion not reached")
def test_iterative_is_the_iterative_imputer(params: dict[str, object]) -> None:
    fitted = FittedIterative(random_state=0, **params).fit(TRAINING)
    rows = houses(2000, most_blanks=12)
    assert_same(fill(iterative(fitted), rows), fitted.transform(rows))


def test_iterative_keeps_to_its_limits() -> None:
    fitted = FittedIterative(min_value=1.0, max_value=2.0).fit(np.clip(TRAINING, 1.0, 2.0))
    rows = houses(200, most_blanks=6)
    filled = fill(iterative(fitted), rows)[np.isnan(rows)]
    assert filled.min() == 1.0
    assert filled.max() == 2.0


@pytest.mark.parametrize("kind", ["constant", "knn", "iterative"])
def test_a_batch_is_filled_as_its_rows_alone(kind: str) -> None:
    imputers: dict[str, Imputer] = {
        "constant": ConstantImputer(np.nanmedian(TRAINING, axis=0)),
        "knn": KnnImputer(TRAINING, 5),
        "iterative": iterative(FittedIterative().fit(TRAINING)),
    }
    rows = np.concatenate([houses(300, most_blanks=12), np.where(COMPLETE > 20, np.nan, COMPLETE)])
    rows = rows[np.isnan(rows).any(axis=1)]
    together = fill(imputers[kind], rows)
    alone = np.concatenate([fill(imputers[kind], row[None]) for row in rows])
    assert (together == alone).all()


@pytest.mark.parametrize("kind", ["constant", "knn", "iterative"])
def test_what_is_there_is_kept(kind: str) -> None:
    imputers: dict[str, Imputer] = {
        "constant": ConstantImputer(np.zeros(13)),
        "knn": KnnImputer(TRAINING, 5),
        "iterative": iterative(FittedIterative().fit(TRAINING)),
    }
    rows = houses(100, most_blanks=6)
    there = ~np.isnan(rows)
    assert (fill(imputers[kind], rows)[there] == rows[there]).all()
