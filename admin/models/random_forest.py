"""Random forest: the mean of deep trees, each grown on a sample of the rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestRegressor

from ..strategies import sklearn_trees
from ..strategies.graph import Trees
from ..strategies.strategy import ModelStrategy, shares


def _build(params: Mapping[str, Any], seed: int) -> RandomForestRegressor:
    return RandomForestRegressor(**params, random_state=seed, n_jobs=1)


def _graph(fitted: RandomForestRegressor) -> Trees:
    trees = fitted.estimators_
    return Trees(trees=sklearn_trees.read(trees, weight=1 / len(trees)), inclusive=True, base=0.0)


def _importance(fitted: RandomForestRegressor) -> NDArray[np.float64]:
    return shares(fitted.feature_importances_)


STRATEGY = ModelStrategy(
    name="random_forest",
    title="Random forest (scikit-learn)",
    summary="mean of many deep trees; hard to misuse; RMSE about 3.1",
    defaults={
        "n_estimators": 300,
        "max_depth": None,
        "min_samples_split": 2,
        "min_samples_leaf": 1,
        "max_features": 0.33,
        "bootstrap": False,
    },
    build=_build,
    graph=_graph,
    importance=_importance,
)
