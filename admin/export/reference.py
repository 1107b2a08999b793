"""What the fitted pipeline itself answers."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from housing_grpc.bundle.schema import FEATURE_NAMES


def reference(pipeline: Pipeline, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the fitted pipeline's prices.

    Args:
        pipeline: Fitted to a data frame with the columns `FEATURE_NAMES`.
        rows: Shape (n, 13), NaN where a value is missing.

    Returns:
        Shape (n,), in the target's unit.
    """
    return np.asarray(pipeline.predict(_frame(rows)), dtype=np.float64)


def scaled(pipeline: Pipeline, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows as the fitted pipeline's model gets them, shape (n, 13)."""
    return np.asarray(pipeline[:-1].transform(_frame(rows)), dtype=np.float64)


def _frame(rows: NDArray[np.float64]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(FEATURE_NAMES))
