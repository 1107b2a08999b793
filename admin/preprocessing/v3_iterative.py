"""v3: a missing value is computed from the other features, in rounds of regressions."""

import math
from collections.abc import Mapping
from typing import Any

from sklearn.experimental import enable_iterative_imputer  # noqa: F401 - unlocks the next import
from sklearn.impute import IterativeImputer

from ..strategies.strategy import PreprocessingStrategy


def _build(params: Mapping[str, Any], seed: int) -> IterativeImputer:
    return IterativeImputer(**params, sample_posterior=False, random_state=seed)


def _describe(fitted: IterativeImputer) -> dict[str, Any]:
    steps = [
        {
            "feature": int(step.feat_idx),
            "inputs": step.neighbor_feat_idx.tolist(),
            "coefficients": step.estimator.coef_.tolist(),
            "intercept": float(step.estimator.intercept_),
        }
        for step in fitted.imputation_sequence_
    ]
    initial = fitted.initial_imputer_.statistics_.tolist()
    return {
        "kind": "iterative",
        "initial": initial,
        "minimum": [_limit(fitted.min_value)] * len(initial),
        "maximum": [_limit(fitted.max_value)] * len(initial),
        "steps": steps,
    }


def _limit(value: float | None) -> float | None:
    return None if value is None or math.isinf(value) else float(value)


STRATEGY = PreprocessingStrategy(
    name="v3_iterative",
    title="Regressions on the other features (IterativeImputer)",
    summary="predicted from the other features; slowest to train",
    defaults={"max_iter": 10, "tol": 0.001, "imputation_order": "ascending"},
    build=_build,
    describe=_describe,
)
