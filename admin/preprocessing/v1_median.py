"""v1: a missing value becomes the median of its feature."""

from collections.abc import Mapping
from typing import Any

from sklearn.impute import SimpleImputer

from ..strategies.strategy import PreprocessingStrategy


def _build(params: Mapping[str, Any], seed: int) -> SimpleImputer:
    del seed  # Nothing here is random.
    # A fold of a small dataset may lack all values of a feature.
    return SimpleImputer(strategy="median", **params, keep_empty_features=True)


def _describe(fitted: SimpleImputer) -> dict[str, Any]:
    return {"kind": "constant", "values": fitted.statistics_.tolist()}


STRATEGY = PreprocessingStrategy(
    name="v1_median",
    title="Median of the feature (SimpleImputer)",
    summary="the median of all houses; quickest, looks at nothing else",
    defaults={},
    build=_build,
    describe=_describe,
)
