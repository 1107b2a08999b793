"""Gives receipts of the prices that calls are answered with."""

import math
from collections.abc import Iterable

from housing_grpc.bundle.arrays import PlainNumbers
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.houses.row_validation import Partition
from housing_grpc.houses.scored import Scored
from housing_grpc.model.live import LiveModel
from housing_grpc.receipts import record
from housing_grpc.receipts.keyring import ReceiptKeys
from housing_grpc.receipts.record import Variant

_FIELD = "receipt"
_VARIANTS = (Variant.CHAMPION, Variant.CHALLENGER)
_NONE = (math.nan, math.nan, math.nan)


class Receipts:
    """Seals prices, and what they were given for.

    Args:
        keys: What seals them.
    """

    def __init__(self, keys: ReceiptKeys) -> None:
        self._keys = keys

    def check(self) -> None:
        """Refuses to give receipts where there are no keys.

        Raises:
            ServingError: RECEIPTS_OFF.
        """
        self._keys.needed(_FIELD)

    def of_house(self, live: LiveModel, at: int, row: bytes, numbers: PlainNumbers) -> str:
        """Returns the receipt of one house.

        Args:
            live: The model that priced it.
            at: When, in nanoseconds of Unix time, as the answer says it.
            row: The house, as of a HouseRequest.
            numbers: What the model said of it.

        Raises:
            ServingError: RECEIPTS_OFF.
        """
        price, lower, upper = numbers[:3]
        # NaN is not equal to itself.
        level = INTERVAL_LEVEL if lower == lower else math.nan  # noqa: PLR0124 - as elsewhere
        packed = record.pack(
            live.on_receipts, at, row, price, lower, upper, level, _VARIANTS[live.challenges]
        )
        return self._keys.needed(_FIELD).seal(packed)

    def of_rows(self, live: LiveModel, at: int, houses: Partition, scored: Scored) -> list[str]:
        """Returns the receipts of the houses that were scored, in their order.

        Args:
            live: The model that priced them.
            at: When, as of `of_house`; each house counts as priced a nanosecond after the one
                before, so that two that are alike have two receipts.
            houses: All of them.
            scored: Of those that were scored.

        Raises:
            ServingError: RECEIPTS_OFF.
        """
        model, seal = live.on_receipts, self._keys.needed(_FIELD).seal
        data, size = houses.rows.tobytes(), houses.rows.shape[1] * houses.rows.itemsize
        rows = (data[start : start + size] for start in range(0, len(data), size))
        prices, intervals = scored.prices.tolist(), _intervals(scored)
        variant = _VARIANTS[live.challenges]
        return [
            seal(record.pack(model, at + place, row, price, *interval, variant))
            for place, row, price, interval in zip(
                houses.places, rows, prices, intervals, strict=True
            )
        ]


def _intervals(scored: Scored) -> Iterable[tuple[float, float, float]]:
    """Gives what is answered of each interval: both ends and the level, or NaN."""
    assessment = scored.assessment
    if assessment is None:
        return [_NONE] * len(scored.prices)
    ends = zip(assessment.lower.tolist(), assessment.upper.tolist(), strict=True)
    return [
        (lower, upper, assessment.level) if math.isfinite(lower) and math.isfinite(upper) else _NONE
        for lower, upper in ends
    ]
