import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics
from sklearn.pipeline import Pipeline

from admin import models, preprocessing
from admin.base.errors import UsageError
from admin.data.dataset import Dataset, load
from admin.strategies.strategy import merge
from admin.training.pipeline import build_pipeline
from admin.training.scores import cross_validate, hold_out, score

DATASET = load(Path(__file__).parents[3] / "data" / "HousingData.csv")


def pipeline(model: str = "linear", filling: str = "v1_median", **params: object) -> Pipeline:
    strategy, prepared = models.get(model), preprocessing.get(filling)
    return build_pipeline(strategy, merge(strategy, params), prepared, prepared.defaults, 5)


def first(dataset: Dataset, count: int) -> Dataset:
    return dataclasses.replace(
        dataset, features=dataset.features.iloc[:count], target=dataset.target.iloc[:count]
    )


def test_the_steps_are_named() -> None:
    assert [name for name, _ in pipeline().steps] == ["imputer", "scaler", "model"]


def test_scores_are_those_of_the_library() -> None:
    random = np.random.default_rng(0)
    truth: NDArray[np.float64] = random.uniform(5, 50, 40)
    guess = truth + random.normal(size=40)
    found = score(truth, guess)
    assert found.rmse == pytest.approx(metrics.root_mean_squared_error(truth, guess))
    assert found.mae == pytest.approx(metrics.mean_absolute_error(truth, guess))
    assert found.r2 == pytest.approx(metrics.r2_score(truth, guess))
    assert found.mape == pytest.approx(metrics.mean_absolute_percentage_error(truth, guess))


def test_mape_is_over_the_rows_whose_target_is_not_zero() -> None:
    assert score([0.0, 10.0, -4.0], [7.0, 11.0, -5.0]).mape == pytest.approx((0.1 + 0.25) / 2)
    assert np.isnan(score([0.0, 0.0], [1.0, 2.0]).mape)


def test_r2_needs_targets_that_differ() -> None:
    found = score([3.0], [5.0])
    assert np.isnan(found.r2)
    assert (found.rmse, found.mae) == (2.0, 2.0)


def test_a_fifth_is_held_out() -> None:
    held = hold_out(pipeline(), DATASET, seed=1)
    assert held.actual.shape == held.predicted.shape == (102,)
    assert held.scores == score(held.actual, held.predicted)
    assert 0.5 < held.scores.r2 < 0.95


def test_the_pipeline_is_left_unfitted() -> None:
    given = pipeline()
    hold_out(given, DATASET, seed=1)
    cross_validate(given, DATASET, folds=2, seed=1)
    assert not hasattr(given["model"], "coef_")
    assert not hasattr(given["imputer"], "statistics_")


def test_the_same_seed_gives_the_same_numbers() -> None:
    given = pipeline("random_forest", n_estimators=5)
    one, same, other = (hold_out(given, DATASET, seed=seed) for seed in (1, 1, 2))
    assert one.scores == same.scores != other.scores
    folds = [cross_validate(given, DATASET, folds=3, seed=seed).folds for seed in (1, 1, 2)]
    assert folds[0] == folds[1] != folds[2]


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.2, 0.9999, float("nan")])
def test_a_test_size_that_leaves_nothing_is_refused(test_size: float) -> None:
    with pytest.raises(UsageError, match=f"test_size is {test_size}; give a share between 0 and 1"):
        hold_out(pipeline(), DATASET, test_size=test_size, seed=0)


def test_each_row_is_predicted_without_it() -> None:
    # A tree that learns by heart would have no error on rows it has seen.
    done = cross_validate(
        pipeline("random_forest", n_estimators=1, bootstrap=False, max_features=None),
        DATASET,
        folds=4,
        seed=0,
    )
    assert (done.actual == DATASET.target.to_numpy()).all()
    errors = done.predicted - done.actual
    assert (errors != 0).mean() > 0.9
    assert np.abs(errors).mean() == pytest.approx(done.mean.mae, rel=0.02)


def test_preprocessing_learns_only_from_the_other_folds() -> None:
    small = first(DATASET, 40)
    # With a penalty, the scaler has a say in the prices.
    given = pipeline(alpha=20.0)
    done = cross_validate(given, small, folds=40, seed=0)
    expected = given.fit(small.features.iloc[1:], small.target.iloc[1:])
    assert done.predicted[0] == expected.predict(small.features.iloc[:1])[0]
    seen = given[:-1].fit(small.features)
    leaky = given["model"].fit(seen.transform(small.features.iloc[1:]), small.target.iloc[1:])
    leaked = leaky.predict(seen.transform(small.features.iloc[:1]))[0]
    assert abs(done.predicted[0] - leaked) > 1e-3


def test_mean_and_spread_are_over_the_folds() -> None:
    done = cross_validate(pipeline(), DATASET, folds=5, seed=3)
    for name in ("rmse", "mae", "r2", "mape"):
        values = [getattr(fold, name) for fold in done.folds]
        assert getattr(done.mean, name) == pytest.approx(np.mean(values))
        assert getattr(done.std, name) == pytest.approx(np.std(values))


def test_folds_of_one_row_have_no_r2() -> None:
    done = cross_validate(pipeline(), first(DATASET, 30), folds=30, seed=0)
    assert np.isnan(done.mean.r2)
    assert np.isnan(done.std.r2)
    assert done.mean.rmse == pytest.approx(np.abs(done.predicted - done.actual).mean())


def test_progress_is_told_after_each_fold() -> None:
    told: list[tuple[int, int]] = []
    cross_validate(
        pipeline(), DATASET, folds=3, seed=0, on_fold=lambda done, all_: told.append((done, all_))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("folds", [-1, 0, 1, 31])
def test_a_wrong_number_of_folds_is_refused(folds: int) -> None:
    with pytest.raises(UsageError, match=f"folds is {folds}; give a number from 2 to 30, the rows"):
        cross_validate(pipeline(), first(DATASET, 30), folds=folds, seed=0)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
@pytest.mark.parametrize("filling", preprocessing.names())
def test_a_feature_may_lack_all_values_in_a_fold(filling: str) -> None:
    small = first(DATASET, 25)
    features = small.features.copy()
    features["LSTAT"] = [5.0] + [np.nan] * 24
    dataset = dataclasses.replace(small, features=features)
    done = cross_validate(pipeline(filling=filling, alpha=1.0), dataset, folds=5, seed=0)
    assert np.isfinite(done.predicted).all()
