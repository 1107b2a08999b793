"""What a caller wants to know besides the price."""

import msgspec

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.houses import domain

LEAST_LEVEL, MOST_LEVEL = 0.5, 0.99


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What a request asks for; nothing of it is checked before `check`.

    Attributes:
        explain: Whether to say what makes each price.
        reference: The house to explain against, shape (1, features), or None for none.
        asked_level: Share of prices that intervals are to hold; 0 where the caller leaves it open.
        intervals: Whether to answer a matrix with intervals and p-values, too.
        receipt: Whether to give a receipt of each price.
    """

    explain: bool = False
    reference: Rows | None = None
    asked_level: float = 0.0
    intervals: bool = False
    receipt: bool = False

    @property
    def are_usual(self) -> bool:
        """Whether nothing else is asked of the model than of a house without options."""
        return not (self.explain or self.asked_level)

    @property
    def level(self) -> float:
        """Share of prices that intervals are to hold."""
        return self.asked_level or INTERVAL_LEVEL

    def check(self) -> None:
        """Refuses what no model could answer.

        Raises:
            ServingError: LEVEL_OUT_OF_RANGE, or what is wrong with the reference house.
        """
        # Written so that a NaN fails.
        # guard: the level of an interval
        if self.asked_level and not LEAST_LEVEL <= self.asked_level <= MOST_LEVEL:
            raise _level_out_of_range(self.asked_level)
        if self.reference is not None:
            # guard: the reference is a house
            for error in domain.errors(self.reference, lambda _: "reference").values():
                raise error


NO_OPTIONS = Options()
"""Those of a request that asks for nothing but prices, which nearly all do."""

RECEIPT_ONLY = Options(receipt=True)
"""Those of a request that asks for receipts, too, and for nothing else."""


def _level_out_of_range(level: float) -> ServingError:
    fix = f"must be from {LEAST_LEVEL:g} to {MOST_LEVEL:g}, or 0 for {INTERVAL_LEVEL:g}"
    return ServingError(
        Reason.LEVEL_OUT_OF_RANGE,
        f"level is {level:g}, but {fix}",
        violations=(Violation(field="level", description=f"is {level:g}, but {fix}"),),
    )
