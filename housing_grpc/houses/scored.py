"""What a model says of houses that can be scored."""

import msgspec

from housing_grpc.bundle.arrays import Prices
from housing_grpc.bundle.parts.assessment import Assessment
from housing_grpc.bundle.parts.explanation import Explanation


class Scored(
    msgspec.Struct, frozen=True, gc=False
):  # Made for every call: quicker than a dataclass.
    """Prices of some houses, and what is told beside them.

    Attributes:
        prices: Shape (n,), in the target's unit.
        assessment: How sure they are, and how unusual the houses; None if it was not asked for, or
            the bundle cannot tell.
        explanation: What makes them; None if it was not asked for.
    """

    prices: Prices
    assessment: Assessment | None = None
    explanation: Explanation | None = None
