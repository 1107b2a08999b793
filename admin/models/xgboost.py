"""XGBoost: gradient boosting with regularised trees over binned features."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xgboost import XGBRegressor

from ..strategies.graph import Tree, Trees
from ..strategies.strategy import ModelStrategy, shares

# Objectives whose trees add up to the logarithm of the price.
_LOGARITHMIC = frozenset({"reg:tweedie", "reg:gamma", "count:poisson"})
# Objectives whose trees add up to the price.
_PLAIN = frozenset({"reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror"})


def _build(params: Mapping[str, Any], seed: int) -> XGBRegressor:
    if params["objective"] not in _LOGARITHMIC | _PLAIN:
        known = ", ".join(sorted(_LOGARITHMIC | _PLAIN))
        raise ValueError(f"objective is {params['objective']}; it can be {known}")
    return XGBRegressor(
        **params,
        booster="gbtree",
        tree_method="hist",
        n_jobs=1,
        random_state=seed,
        verbosity=0,
    )


def _graph(fitted: XGBRegressor) -> Trees:
    booster = fitted.get_booster()
    config = json.loads(booster.save_config())
    # A list of one number since XGBoost takes several targets, kept in float32.
    base = np.float32(config["learner"]["learner_model_param"]["base_score"].strip("[]"))
    exponential = config["learner"]["objective"]["name"] in _LOGARITHMIC
    model = json.loads(bytes(booster.save_raw("json")))
    trees = model["learner"]["gradient_booster"]["model"]["trees"]
    return Trees(
        trees=tuple(_tree(tree) for tree in trees),
        inclusive=False,
        base=float(np.log(base) if exponential else base),
        float32=True,
        exponential=exponential,
    )


def _tree(tree: Mapping[str, Any]) -> Tree:
    # What a leaf answers stands where an inner node has its threshold.
    numbers = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    return Tree(
        feature=np.array(tree["split_indices"], dtype=np.int64),
        threshold=numbers,
        left=np.array(tree["left_children"], dtype=np.int64),
        right=np.array(tree["right_children"], dtype=np.int64),
        value=numbers,
        weight=np.array(tree["sum_hessian"], dtype=np.float64),
    )


def _importance(fitted: XGBRegressor) -> NDArray[np.float64]:
    return shares(fitted.feature_importances_)


STRATEGY = ModelStrategy(
    name="xgboost",
    title="XGBoost",
    summary="gradient_boost with penalties, most exact; RMSE about 2.8",
    defaults={
        "objective": "reg:tweedie",
        "n_estimators": 500,
        "learning_rate": 0.03,
        "max_depth": 4,
        "max_bin": 64,
        "subsample": 0.8,
        "colsample_bynode": 0.5,
        "min_child_weight": 1,
        "gamma": 0.0,
        "reg_alpha": 0.0,
        "reg_lambda": 1.0,
    },
    build=_build,
    graph=_graph,
    importance=_importance,
)
