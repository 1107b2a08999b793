"""What a caller may ask for: numbers of each house, by name."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from housing.v1.prediction_pb2 import RowResult

from housing_grpc.rest.dialects.rows import NAMES

PRICE = "predict"
BOUNDS = frozenset({"lower", "upper"})
EXPLAINED = frozenset({"contributions", "base_value"})
APPLICABILITY = "applicability"

Value = float | list[float]


@dataclass(frozen=True, kw_only=True)
class Output:
    """Numbers of each house.

    Attributes:
        of: Takes them out of the result of a house that was scored.
        shape: Of the numbers of one house.
    """

    of: Callable[[RowResult], Value]
    shape: tuple[int, ...] = ()

    @property
    def missing(self) -> Value:
        """What stands for a house that was not scored."""
        return [math.nan] * self.shape[0] if self.shape else math.nan


def _bound(name: str) -> Callable[[RowResult], Value]:
    def of(result: RowResult) -> Value:
        return getattr(result.interval, name) if result.HasField("interval") else math.nan

    return of


def _p_value(result: RowResult) -> Value:
    return result.applicability.p_value if result.HasField("applicability") else math.nan


def _amounts(result: RowResult) -> Value:
    return [each.amount for each in result.explanation.contributions]


OUTPUTS = {
    PRICE: Output(of=lambda result: result.prediction),
    "lower": Output(of=_bound("lower")),
    "upper": Output(of=_bound("upper")),
    "contributions": Output(of=_amounts, shape=(len(NAMES),)),
    "base_value": Output(of=lambda result: result.explanation.base),
    APPLICABILITY: Output(of=_p_value),
}
"""By name, in the order in which they are listed."""


def offered(model: Any) -> dict[str, Output]:
    """Returns the outputs that a model can give.

    Args:
        model: A ModelInfoResponse.
    """
    lacks = {
        *(BOUNDS if not model.HasField("interval") else ()),
        *(EXPLAINED if not model.HasField("explanation") else ()),
        *((APPLICABILITY,) if not model.HasField("applicability") else ()),
    }
    return {name: output for name, output in OUTPUTS.items() if name not in lacks}
