"""The pipeline that a specification describes, not fitted yet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from .. import models, preprocessing
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy, merge
from .spec import TrainingSpec


def complete(spec: TrainingSpec) -> TrainingSpec:
    """Return the specification with every hyperparameter filled in.

    Raises:
        UsageError: A name is unknown, or a value is refused.
    """
    return replace(
        spec,
        params=merge(models.get(spec.model), spec.params),
        preprocessing_params=merge(
            preprocessing.get(spec.preprocessing), spec.preprocessing_params
        ),
    )


def pipeline_of(spec: TrainingSpec) -> Pipeline:
    """Return the unfitted pipeline of a complete specification."""
    return build_pipeline(
        models.get(spec.model),
        spec.params,
        preprocessing.get(spec.preprocessing),
        spec.preprocessing_params,
        spec.seed,
    )


def build_pipeline(
    model: ModelStrategy,
    model_params: Mapping[str, Any],
    preprocessing: PreprocessingStrategy,
    preprocessing_params: Mapping[str, Any],
    seed: int,
) -> Pipeline:
    """Return the unfitted pipeline: steps "imputer", "scaler" and "model".

    Args:
        model: Type of model.
        model_params: All its parameters, as `admin.strategies.strategy.merge` returns them.
        preprocessing: How missing values are filled.
        preprocessing_params: All its parameters, likewise.
        seed: Makes what is random repeatable.
    """
    return Pipeline(
        [
            ("imputer", preprocessing.build(preprocessing_params, seed)),
            ("scaler", StandardScaler()),
            ("model", model.build(model_params, seed)),
        ]
    )
