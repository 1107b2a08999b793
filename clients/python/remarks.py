"""What an answer says beside a price: how sure it is, how unusual the house, what makes it."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

from housing.v1 import prediction_pb2 as pb

from .asked import Asked
from .chunks import from_bytes
from .house import FEATURES
from .results import Applicability, Contribution, Explanation, Prediction, PriceInterval

Answer = pb.PredictResponse | pb.RowResult

# Below it, a house is unlike any that the model knows; the contract says so.
_UNLIKE = 0.01


def interval(answer: Answer) -> PriceInterval | None:
    """Returns how sure a price is, or None if the model cannot tell."""
    if not answer.HasField("interval"):
        return None
    found = answer.interval
    return PriceInterval(
        lower=found.lower,
        upper=found.upper,
        level=found.level,
        extrapolated=found.extrapolated,
    )


def applicability(answer: Answer) -> Applicability | None:
    """Returns how unusual a house is, or None if the model cannot tell."""
    if not answer.HasField("applicability"):
        return None
    found = answer.applicability
    return Applicability(
        p_value=found.p_value, distance=found.distance, odd_features=tuple(found.odd_features)
    )


def explanation(answer: Answer) -> Explanation | None:
    """Returns what makes a price, or None if that was not asked for."""
    if not answer.HasField("explanation"):
        return None
    found = answer.explanation
    return Explanation(
        base=found.base,
        contributions=tuple(
            Contribution(
                feature=each.feature,
                value=each.value,
                amount=each.amount,
                factor=each.factor if each.HasField("factor") else None,
                imputed=each.imputed,
            )
            for each in found.contributions
        ),
        method=method_name(found.method),
    )


def method_name(number: int) -> str:
    """Returns the contract's name of a way to explain; a later server may know of others."""
    names = {value: name for name, value in pb.ExplanationMethod.items()}
    return names.get(number, str(number))


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """What is said of all houses of a chunk as numbers; NaN where a house was not scored.

    Attributes:
        lower: Lower ends of the intervals, one a house; None if there are none.
        upper: Upper ends; likewise.
        p_value: How unusual each house is; likewise.
        contributions: What each feature adds, 13 a house, in the order of FEATURES; likewise.
        base: What all contributions start from; NaN without them.
        level: Share of prices that the intervals hold.
    """

    lower: Sequence[float] | None = None
    upper: Sequence[float] | None = None
    p_value: Sequence[float] | None = None
    contributions: Sequence[float] | None = None
    base: float = nan
    level: float = nan

    def counts(self) -> Iterator[float]:
        """Yields of how many houses each kind of number is there."""
        for found in (self.lower, self.upper, self.p_value):
            if found is not None:
                yield len(found)
        if self.contributions is not None:
            yield len(self.contributions) / len(FEATURES)

    def interval(self, place: int) -> PriceInterval | None:
        """Returns how sure the price of a house is."""
        if self.lower is None or self.upper is None:
            return None
        lower, upper = self.lower[place], self.upper[place]
        if lower != lower:  # noqa: PLR0124 - NaN alone is not itself
            return None
        unlike = self.p_value is not None and self.p_value[place] < _UNLIKE
        return PriceInterval(lower=lower, upper=upper, level=self.level, extrapolated=unlike)

    def applicability(self, place: int) -> Applicability | None:
        """Returns how unusual a house is."""
        return None if self.p_value is None else Applicability(p_value=self.p_value[place])

    def explanation(self, place: int, imputed: Sequence[str]) -> Explanation | None:
        """Returns what makes the price of a house.

        Args:
            place: Of the house in the chunk.
            imputed: Its features that were filled in.
        """
        if self.contributions is None:
            return None
        first = place * len(FEATURES)
        amounts = self.contributions[first : first + len(FEATURES)]
        return Explanation(
            base=self.base,
            contributions=tuple(
                Contribution(feature=name, amount=amount, imputed=name in imputed)
                for name, amount in zip(FEATURES, amounts, strict=True)
            ),
        )


def numbers_of(vector: pb.PriceVector, asked: Asked) -> Numbers:
    """Returns what a matrix was answered beside prices."""
    if not (vector.intervals or vector.applicability or vector.contributions):
        return Numbers()
    ends = from_bytes(vector.intervals) if vector.intervals else None
    return Numbers(
        lower=None if ends is None else ends[::2],
        upper=None if ends is None else ends[1::2],
        p_value=from_bytes(vector.applicability) if vector.applicability else None,
        contributions=from_bytes(vector.contributions) if vector.contributions else None,
        base=vector.base,
        level=asked.level,
    )


def numbers_of_rows(found: Mapping[int, Prediction], count: int) -> Numbers:
    """Returns the same of houses that were answered one by one, but for contributions.

    Args:
        found: What each house that was scored was answered, by its place.
        count: How many houses there are.
    """
    intervals = {place: each.interval for place, each in found.items() if each.interval}
    known = {place: each.applicability for place, each in found.items() if each.applicability}
    return Numbers(
        lower=_spread({place: each.lower for place, each in intervals.items()}, count),
        upper=_spread({place: each.upper for place, each in intervals.items()}, count),
        p_value=_spread({place: each.p_value for place, each in known.items()}, count),
    )


def _spread(found: Mapping[int, float], count: int) -> "array[float] | None":
    return array("d", (found.get(place, nan) for place in range(count))) if found else None
