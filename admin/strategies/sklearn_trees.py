"""Reads the trees of scikit-learn's ensembles."""

from collections.abc import Iterable

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from .graph import Tree


def read(regressors: Iterable[DecisionTreeRegressor], *, weight: float) -> tuple[Tree, ...]:
    """Return fitted trees as arrays.

    Args:
        regressors: The trees of an ensemble, fitted to one target.
        weight: What the ensemble multiplies each tree's answer by.
    """
    return tuple(_read_one(regressor, weight) for regressor in regressors)


def _read_one(regressor: DecisionTreeRegressor, weight: float) -> Tree:
    fitted = regressor.tree_
    return Tree(
        feature=np.asarray(fitted.feature, dtype=np.int64),
        threshold=np.asarray(fitted.threshold, dtype=np.float64),
        left=np.asarray(fitted.children_left, dtype=np.int64),
        right=np.asarray(fitted.children_right, dtype=np.int64),
        value=fitted.value[:, 0, 0] * weight,
        weight=np.asarray(fitted.weighted_n_node_samples, dtype=np.float64),
    )
