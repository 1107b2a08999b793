"""The extension in C, from the sources in `native/`; it may be missing, and is not needed.

It evaluates models (`Model`), and for `housing_grpc.houses` it sums up rows (`summarize`) and reads
them out of requests (`read_rows`).
"""

from typing import Any, final

from numpy.typing import NDArray

@final
class Model:
    """Fills, scales and scores rows; to be asked from any thread.

    Args:
        imputer: What an imputer's `parts` gives.
        mean: Subtracted from each feature, float64, shape (features,).
        scale: Divides each feature, float64, shape (features,).
        regressor: ("linear", coefficients, intercept) or ("trees", roots, feature, number, left,
            right, flags), as of `Linear` and `Trees`, all arrays of float64 or int64; flags
            are inclusive, float32 and exponential.

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

def summarize(
    rows: NDArray[Any],
    minimum: NDArray[Any],
    maximum: NDArray[Any],
    domain: NDArray[Any],
    counts: NDArray[Any],
    /,
) -> None:
    """Counts what rows hold that has to be reported.

    Args:
        rows: Float64, shape (n, features), NaN where a value is missing.
        minimum: Of the training data, float64, shape (features,).
        maximum: The same.
        domain: Float64, shape (3, features): the lowest and the highest value that can be
            scored, and 1 where it has to be a whole number.
        counts: Added to; int64, shape (3 + 2 * features,): rows that cannot be scored, rows
            with values outside the training range, rows with missing values; then values
            outside, and missing values, by feature.
    """

def read_rows(data: bytes | memoryview, width: int, most: int, /) -> bytes | None:
    """Reads a list of rows in protobuf's wire format.

    Args:
        data: The list.
        width: Features in a row.
        most: The limit of rows.

    Returns:
        Float64, shape (n, width), NaN where a value is missing; None if there are more rows
        than the limit, or if the list is not written in the usual way.
    """
