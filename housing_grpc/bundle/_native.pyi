"""The evaluator in C, from the sources in `native/`; it may be missing, and is not needed."""

from typing import Any, final

from numpy.typing import NDArray

@final
class Model:
    """Fills, scales and scores rows; to be asked from any thread.

    Args:
        imputer: What an imputer's `parts` gives.
        mean: Subtracted from each feature, float64, shape (features,).
        scale: Divides each feature, float64, shape (features,).
        regressor: ("linear", coefficients, intercept) or ("trees", roots, feature, threshold,
            true_id, true_is_leaf, false_id, false_is_leaf, weight, flags), all arrays of
            float64 or int64; flags are inclusive, float32 and exponential.

    Raises:
        ValueError: The arrays describe no model.
    """

    def __new__(
        cls,
        imputer: tuple[Any, ...],
        mean: NDArray[Any],
        scale: NDArray[Any],
        regressor: tuple[Any, ...],
        /,
    ) -> Model: ...
    def predict(self, rows: NDArray[Any], out: NDArray[Any], /) -> bool:
        """Writes a price a row to `out`, shape (n,); returns whether all are finite.

        Args:
            rows: Float64, shape (n, features), NaN where a value is missing.
            out: Float64, shape (n,), not overlapping `rows`.
        """

    def predict_row(self, values: list[float], /) -> float:
        """Returns the price of one row, which may be NaN or infinite.

        Args:
            values: One for each feature, NaN where missing.
        """
