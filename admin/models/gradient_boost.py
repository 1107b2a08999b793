"""Gradient boosting: small trees, each correcting the sum of those before it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor

from ..strategies import sklearn_trees
from ..strategies.graph import Trees
from ..strategies.strategy import ModelStrategy, shares


def _build(params: Mapping[str, Any], seed: int) -> GradientBoostingRegressor:
    return GradientBoostingRegressor(**params, random_state=seed)


def _graph(fitted: GradientBoostingRegressor) -> Trees:
    return Trees(
        trees=sklearn_trees.read(fitted.estimators_[:, 0], weight=fitted.learning_rate),
        inclusive=True,
        base=float(fitted.init_.constant_.item()),
    )


def _importance(fitted: GradientBoostingRegressor) -> NDArray[np.float64]:
    return shares(fitted.feature_importances_)


STRATEGY = ModelStrategy(
    name="gradient_boost",
    title="Gradient boosting (scikit-learn)",
    summary="each tree corrects those before it; RMSE about 3.0",
    defaults={
        "n_estimators": 600,
        "learning_rate": 0.03,
        "max_depth": 4,
        "subsample": 0.6,
        "max_features": 0.5,
        "min_samples_split": 2,
        "min_samples_leaf": 1,
        "loss": "squared_error",
    },
    build=_build,
    graph=_graph,
    importance=_importance,
)
