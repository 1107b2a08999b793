"""What a column can be at all, by its unit: wide enough for other towns, years and currencies."""

import math
from dataclasses import dataclass

from housing_grpc.bundle.schema import TARGET_NAME


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one column can be.

    Attributes:
        unit: What it counts, for messages.
        low: Least value that its unit allows.
        high: Largest.
        slack: How far beyond these a value may lie that was measured with an error.
        usual: Where values mostly lie, to guess what others were meant to be.
        spread: How many times the median, or how small a part of it, a value may be.
        is_dense: Whether no two neighbours, in the order of size, lie far apart.
    """

    unit: str
    low: float = 0.0
    high: float = 100.0
    slack: float = 0.0
    usual: tuple[float, float]
    spread: float = math.inf
    is_dense: bool = False


def _percent(low: float, high: float, spread: float = math.inf) -> Limits:
    return Limits(unit="percent", slack=20, usual=(low, high), spread=spread)


LIMITS = {
    "CRIM": Limits(unit="a crime rate", high=500, slack=4, usual=(0.005, 90)),
    "ZN": _percent(0, 100),
    "INDUS": _percent(0.4, 30, spread=60),
    "CHAS": Limits(unit="0 or 1", high=1, usual=(0, 1)),
    "NOX": Limits(unit="parts per 10 million", low=0.1, high=3, usual=(0.35, 0.95), is_dense=True),
    "RM": Limits(
        unit="an average number of rooms", low=1, high=20, usual=(3.3, 9.3), is_dense=True
    ),
    "AGE": _percent(2, 100, spread=60),
    "DIS": Limits(unit="a weighted distance", low=0.1, high=60, usual=(1, 13), is_dense=True),
    "RAD": Limits(unit="an index", usual=(1, 24)),
    "TAX": Limits(unit="USD per 10,000 USD", low=50, high=1500, usual=(180, 720), is_dense=True),
    "PTRATIO": Limits(unit="pupils per teacher", low=3, high=60, usual=(12, 23), is_dense=True),
    # The formula gives no more; see data/README.md.
    "B": Limits(unit="1000 (Bk - 0.63)^2", high=396.9, slack=80, usual=(0.3, 397)),
    "LSTAT": _percent(1.5, 40, spread=30),
    TARGET_NAME: Limits(unit="a price", high=math.inf, usual=(5, 50), spread=8, is_dense=True),
}
