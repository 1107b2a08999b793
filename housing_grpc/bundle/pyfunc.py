"""Makes a bundle an MLflow model of the "python_function" flavour.

A copy of this package travels with every registered model, so that MLflow can load
the model where nothing of this project is installed. It needs no pandas: a data frame
is whatever has columns.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import Bundle, load
from .schema import FEATURE_NAMES


class BundleModel:
    """What MLflow calls to predict.

    Args:
        bundle: Answers the calls.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def predict(self, model_input: Any, params: Any = None) -> NDArray[np.float64]:  # noqa: ARG002
        """Predicts a price a row, in the target's unit.

        Args:
            model_input: A data frame or a mapping of columns, by name, in any order and
                of any kind of number; a column that is not there counts as missing in
                every row.
            params: Not used; MLflow passes it.

        Returns:
            Shape (n,).

        Raises:
            ValueError: A value is no number, or no feature is there.
            ModelOutputError: The model gave NaN, infinity or a wrong shape.
        """
        return self._bundle.predict(_rows(model_input))


def _load_pyfunc(path: str) -> BundleModel:
    return BundleModel(load(Path(path)))


def _rows(model_input: Any) -> NDArray[np.float64]:
    present = [name for name in FEATURE_NAMES if name in model_input]
    if not present:
        raise ValueError(f"none of the features is there; they are {', '.join(FEATURE_NAMES)}")
    columns = {name: _column(name, model_input[name]) for name in present}
    missing = np.full(len(columns[present[0]]), np.nan)
    return np.column_stack([columns.get(name, missing) for name in FEATURE_NAMES])


def _column(name: str, values: Any) -> NDArray[np.float64]:
    try:
        # pandas has a missing value of its own, which numpy alone cannot turn into NaN.
        if hasattr(values, "to_numpy"):
            values = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.atleast_1d(np.array(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"column {name} holds something that is not a number: {error}") from error
