"""The extension in C, from the sources in `native/`; it may be missing, and is not needed.

It evaluates models (`Model`), and for `housing_grpc.houses` it sums up rows (`summarize`) and reads
them out of requests (`read_rows`).
"""

from typing import Any, final

from numpy.typing import NDArray

@final
class Model:
    """Fills, scales, scores, assesses and explains rows; to be asked from any thread.

    Args:
        imputer: What an imputer's `parts` gives.
        mean: Subtracted from each feature, float64, shape (features,).
        scale: Divides each feature, float64, shape (features,).
        regressor: ("linear", coefficients, intercept) or ("trees", roots, feature, number, left,
            right, flags), as of `Linear` and `Trees`, all arrays of float64 or int64; flags
            are inclusive, float32 and exponential.
        known: What `Neighbours.parts` gives, to assess rows with.
        spread: ("trees", ..., reach) of the features, the price and the number of missing
            values, for bounds of prices.
        shares: Of the training rows that go left, float64, one a node, to explain trees with.

    Raises:
        ValueError: The arrays describe no model.
    """

    def __new__(
        cls,
        imputer: tuple[Any, ...],
        mean: NDArray[Any],
        scale: NDArray[Any],
        regressor: tuple[Any, ...],
        known: tuple[Any, ...] | None = None,
        spread: tuple[Any, ...] | None = None,
        shares: NDArray[Any] | None = None,
        /,
    ) -> Model: ...
    def predict(self, rows: NDArray[Any], out: NDArray[Any], /) -> bool:
        """Writes a price a row to `out`, shape (n,); returns whether all are finite.

        Args:
            rows: Float64, shape (n, features), NaN where a value is missing.
            out: Float64, shape (n,), not overlapping `rows`.
        """
    def fill(self, rows: NDArray[Any], out: NDArray[Any], /) -> None:
        """Writes the rows with every missing value filled to `out`, shape (n, features)."""

    def assess(
        self,
        rows: NDArray[Any],
        prices: NDArray[Any],
        quantile: float,
        out: NDArray[Any],
        /,
    ) -> None:
        """Writes lower and upper bounds, p-values and distances to `out`, shape (4, n).

        Args:
            rows: Float64, shape (n, features), NaN where a value is missing.
            prices: Float64, shape (n,).
            quantile: Bounds are NaN if it is, or without a spread.
            out: Float64, not overlapping the others.
        """

    def answer_plain(
        self,
        row: bytes,
        minimum: NDArray[Any],
        maximum: NDArray[Any],
        domain: NDArray[Any],
        quantile: float,
        /,
    ) -> tuple[tuple[float, float, float, float, float], bool] | None:
        """Returns what `predict` and `assess` give for one row, unless it cannot be scored.

        Besides, whether a value of it is missing or beyond its minimum or maximum.

        Args:
            row: Of float64, one for each feature, NaN where it is missing.
            minimum: As of `summarize`.
            maximum: The same.
            domain: The same.
            quantile: As of `assess`.

        Returns:
            The price, its bounds, the p-value and the distance, each NaN if it is not known. None
            if a value is missing, outside the training range or out of bounds, or the price is
            not finite.
        """

    def explain(self, filled: NDArray[Any], other: NDArray[Any], out: NDArray[Any], /) -> None:
        """Writes what each feature adds to the sum of trees to `out`, shape (n, features).

        Args:
            filled: Float64, shape (n, features), none missing.
            other: Float64, shape (features,): stands in for what is not known; or shape (0,).
            out: Float64, not overlapping the others.
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
