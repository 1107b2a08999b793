"""What is written beside prices on request: how sure they are, and their receipts."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..scores import ChunkScores

RECEIPT = "receipt"

_SURENESS = ("lower", "upper", "p_value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """The columns that a file gets beside those that each has.

    Attributes:
        intervals: Whether it gets lower and upper ends, and p-values.
        receipts: Whether it gets receipts.
    """

    intervals: bool = False
    receipts: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns, in order."""
        return _SURENESS * self.intervals + (RECEIPT,) * self.receipts

    def columns(self, scores: ChunkScores) -> list[Sequence[float | str | None]]:
        """Returns the columns of a chunk's houses; None where there is none."""
        count = len(scores.prices)
        found: list[Sequence[float | str | None]] = []
        if self.intervals:
            found += [
                [None] * count
                if each is None
                else [value if value == value else None for value in each]  # noqa: PLR0124
                for each in (scores.lower, scores.upper, scores.p_value)
            ]
        if self.receipts:
            details = map(scores.details.get, range(count))
            found.append([None if each is None else each.receipt for each in details])
        return found


NOTHING = Beside()
