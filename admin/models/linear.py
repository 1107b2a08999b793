"""Linear regression: ordinary least squares, or ridge regression with a penalty."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, Ridge

from ..strategies.graph import Linear
from ..strategies.strategy import ModelStrategy, shares


def _build(params: Mapping[str, Any], seed: int) -> LinearRegression | Ridge:
    del seed  # Nothing here is random.
    alpha = params["alpha"]
    return LinearRegression() if alpha == 0 else Ridge(alpha=alpha)


def _graph(fitted: LinearRegression | Ridge) -> Linear:
    return Linear(
        coefficients=np.asarray(fitted.coef_, dtype=np.float64), intercept=float(fitted.intercept_)
    )


def _importance(fitted: LinearRegression | Ridge) -> NDArray[np.float64]:
    # The features are standardised, so their coefficients can be compared.
    return shares(np.abs(fitted.coef_))


STRATEGY = ModelStrategy(
    name="linear",
    title="Linear regression (scikit-learn)",
    summary="weighted sum; quickest, easy to explain; RMSE about 4.8",
    defaults={"alpha": 0.0},
    build=_build,
    graph=_graph,
    importance=_importance,
)
