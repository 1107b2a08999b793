"""How often one split picks the worse of two models: the reason why `gate` does more.

Each fold of some cross-validations is a split that holds out 10 % of the houses. Of two models,
the worse one is that with the larger error over all of them.
"""

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from admin.data.dataset import Dataset
from admin.training import out_of_fold
from admin.training.pipeline import pipeline_of
from admin.training.spec import TrainingSpec

FOLDS, REPEATS, SEED = 10, 20, 500_000

Numbers = NDArray[np.float64]


def mean_squares(spec: TrainingSpec, houses: Dataset, repeats: int = REPEATS) -> Numbers:
    """Returns the mean square error of each split, shape (repeats * folds,).

    Args:
        spec: With every hyperparameter.
        houses: What it is trained on.
        repeats: Cross-validations, whose folds are the same for every recipe.
    """
    rows, actual = len(houses.target), houses.target.to_numpy()
    ways = [
        out_of_fold.numbered(KFold(FOLDS, shuffle=True, random_state=seed).split(actual), rows)
        for seed in range(SEED, SEED + repeats)
    ]
    prices = out_of_fold.prices(pipeline_of(spec), houses, ways)
    return np.array(
        [
            ((found - actual)[folds == fold] ** 2).mean()
            for found, folds in zip(prices, ways, strict=True)
            for fold in range(FOLDS)
        ]
    )


def ratio(one: Numbers, other: Numbers) -> float:
    """Returns the RMSE of one recipe over that of another, over all splits."""
    return float(np.sqrt(one.mean() / other.mean()))


def wrong(one: Numbers, other: Numbers) -> float:
    """Returns the share of the splits on which the worse recipe has the smaller error."""
    worse, better = (one, other) if one.mean() > other.mean() else (other, one)
    return float((worse < better).mean())


def spread(squares: Numbers) -> float:
    """Returns the standard deviation of the RMSE from split to split."""
    return float(np.sqrt(squares).std())
