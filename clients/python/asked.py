"""What is asked for beside prices: how sure they are, and what makes them."""

from dataclasses import dataclass, field
from typing import Any

from housing.v1 import prediction_pb2 as pb

from .errors import InvalidArgumentError
from .house import HouseLike, number, read


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked for beside prices.

    Attributes:
        fields: Of a request, by their names in the contract; only those that are set.
        intervals: Whether a matrix is to be answered with intervals and p-values, too.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    intervals: bool = False

    @property
    def level(self) -> float:
        """Share of prices that intervals are to hold."""
        return float(self.fields.get("level") or DEFAULT_LEVEL)

    def apply(self, request: pb.PredictStreamRequest) -> None:
        """Writes it into the first message of a stream, which alone is read for it."""
        if self.fields or self.intervals:
            request.MergeFrom(pb.PredictStreamRequest(intervals=self.intervals, **self.fields))


# Of a server that is asked for none.
DEFAULT_LEVEL = 0.9
NOTHING = Asked()


def asked(
    *,
    explain: bool = False,
    reference: HouseLike | None = None,
    level: float | None = None,
    intervals: bool = False,
    receipt: bool = False,
    routing_key: str = "",
) -> Asked:
    """Returns what a caller asks for.

    Args:
        explain: Whether to say what makes each price.
        reference: A house to explain prices against; asks for explanations by itself.
        level: Share of prices that intervals are to hold; asks for them by itself.
        intervals: Whether to ask for intervals and p-values.
        receipt: Whether to give a receipt of each price.
        routing_key: Decides which of two models answers, unless it is empty.

    Raises:
        InvalidArgumentError: The reference is no house, or the level no number.
    """
    fields: dict[str, Any] = {}
    if explain:
        fields["explain"] = True
    if receipt:
        fields["receipt"] = True
    if routing_key:
        fields["routing_key"] = routing_key
    if reference is not None:
        try:
            fields["reference"] = pb.House(**read(reference))
        except InvalidArgumentError as error:
            raise error.inside("reference") from None
    if level is not None:
        fields["level"] = number(level, "level", "send one from 0.5 to 0.99, or leave it out")
    return Asked(fields=fields, intervals=bool(intervals) or level is not None)
