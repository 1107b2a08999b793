"""Measures how well a pipeline predicts houses it was not fitted to."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import Pipeline

from ..base.errors import UsageError
from ..data.dataset import Dataset

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """How far predictions are from the truth.

    Attributes:
        rmse: Root of the mean square error, in the target's unit.
        mae: Mean absolute error, in the target's unit.
        r2: Share of the target's variance that is explained; NaN if all targets are equal.
        mape: Mean absolute error as a fraction of the target, over the rows whose target
            is not zero; NaN if there is none.
    """

    rmse: float
    mae: float
    r2: float
    mape: float


@dataclass(frozen=True, kw_only=True, eq=False)
class HoldOut:
    """Predictions for rows that were held out.

    Attributes:
        scores: Over those rows.
        actual: Their targets, shape (n,).
        predicted: Their predictions, shape (n,).
    """

    scores: Scores
    actual: Numbers
    predicted: Numbers


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation:
    """Predictions for every row by a pipeline that was fitted without it.

    Attributes:
        folds: Scores of each fold.
        mean: Mean over the folds, of those where a score is not NaN.
        std: Standard deviation over the same folds.
        actual: Targets, shape (n,), in the order of the dataset.
        predicted: Predictions, shape (n,).
    """

    folds: tuple[Scores, ...]
    mean: Scores
    std: Scores
    actual: Numbers
    predicted: Numbers


def score(y: ArrayLike, predicted: ArrayLike) -> Scores:
    """Compare predictions with the truth, both of shape (n,) with n of at least 1."""
    truth = np.asarray(y, dtype=np.float64)
    errors = np.asarray(predicted, dtype=np.float64) - truth
    spread = float(((truth - truth.mean()) ** 2).sum())
    priced = truth != 0
    fractions = np.abs(errors[priced] / truth[priced])
    return Scores(
        rmse=float(np.sqrt((errors**2).mean())),
        mae=float(np.abs(errors).mean()),
        r2=1 - float((errors**2).sum()) / spread if spread > 0 else float("nan"),
        mape=float(fractions.mean()) if fractions.size else float("nan"),
    )


def hold_out(pipeline: Pipeline, dataset: Dataset, *, test_size: float = 0.2, seed: int) -> HoldOut:
    """Fit a copy of the pipeline to a random part of the rows and predict the others.

    Args:
        pipeline: It is left as it is.
        dataset: The rows.
        test_size: Share of the rows to hold out.
        seed: Decides which.

    Raises:
        UsageError: `test_size` leaves nothing to train on or nothing to test.
    """
    if not 0 < test_size < 1 or len(dataset.target) * (1 - test_size) < 1:
        raise UsageError(f"test_size is {test_size}; give a share between 0 and 1, such as 0.2")
    rows = np.arange(len(dataset.target))
    fitted, held = train_test_split(rows, test_size=test_size, random_state=seed)
    actual = dataset.target.to_numpy()[held]
    predicted = predict_held(pipeline, dataset, fitted, held)
    return HoldOut(scores=score(actual, predicted), actual=actual, predicted=predicted)


def cross_validate(
    pipeline: Pipeline,
    dataset: Dataset,
    *,
    folds: int,
    seed: int,
    on_fold: Callable[[int, int], None] | None = None,
) -> CrossValidation:
    """Split the rows into folds at random and predict each by a fit to the others.

    Args:
        pipeline: It is left as it is; preprocessing, too, learns only from the other folds.
        dataset: The rows.
        folds: How many, from 2 to the number of rows.
        seed: Decides which row is in which fold.
        on_fold: Called after each fold with how many are done, and of how many.

    Raises:
        UsageError: `folds` is out of range.
    """
    actual = dataset.target.to_numpy()
    if not 2 <= folds <= len(actual):
        raise UsageError(f"folds is {folds}; give a number from 2 to {len(actual)}, the rows")
    predicted = np.empty_like(actual)
    scores = []
    splits = KFold(folds, shuffle=True, random_state=seed).split(actual)
    for number, (fitted, held) in enumerate(splits, start=1):
        predicted[held] = predict_held(pipeline, dataset, fitted, held)
        scores.append(score(actual[held], predicted[held]))
        if on_fold is not None:
            on_fold(number, folds)
    return CrossValidation(
        folds=tuple(scores),
        mean=_over(scores, np.mean),
        std=_over(scores, np.std),
        actual=actual,
        predicted=predicted,
    )


def predict_held(
    pipeline: Pipeline, dataset: Dataset, fitted: NDArray[np.int64], held: NDArray[np.int64]
) -> Numbers:
    """Return the prices of some rows by a copy of the pipeline that is fitted to others.

    Args:
        pipeline: It is left as it is.
        dataset: The rows.
        fitted: Places of those to fit to.
        held: Places of those to predict.
    """
    fresh = clone(pipeline)
    fresh.fit(dataset.features.iloc[fitted], dataset.target.iloc[fitted])
    predicted = fresh.predict(dataset.features.iloc[held])
    return np.asarray(predicted, dtype=np.float64)


def _over(scores: list[Scores], statistic: Callable[[Numbers], Any]) -> Scores:
    columns = np.array([astuple(each) for each in scores]).T
    # In a fold of one row, r2 has no meaning; the others count.
    known = [column[~np.isnan(column)] for column in columns]
    rmse, mae, r2, mape = (
        float(statistic(column)) if column.size else float("nan") for column in known
    )
    return Scores(rmse=rmse, mae=mae, r2=r2, mape=mape)
