"""Says which of two models is better, at any time, without ever having to wait for a sample size.

The bounds are an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
arXiv 2103.06476): whoever looks after each outcome is misled in one case of twenty at most, however
often that is. For a test that is made for one sample size, that would not hold.
"""

import math
from enum import IntEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from housing_grpc.challenger.shadow import ShadowSums

Numbers = NDArray[np.float64] | np.float64

FIRST_LOOK = 100
"""With fewer, the bounds are not yet what they promise to be."""

_ALPHA = 0.05
# The bounds are narrowest for about so many.
_TUNED_FOR = 500
_SPAN = -2 * math.log(_ALPHA)
_RHO_SQUARED = (_SPAN + math.log(_SPAN + 1)) / _TUNED_FOR
_MARGIN = 0.02


class Outcome(IntEnum):
    """What a verdict says."""

    UNDECIDED = 1
    CHALLENGER_BETTER = 2
    CHALLENGER_WORSE = 3
    EQUIVALENT = 4


class Mean(msgspec.Struct, frozen=True):
    """Numbers, of which the mean is asked.

    Attributes:
        count: How many.
        total: Their sum.
        squares: The sum of their squares.
    """

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def value(self) -> float:
        """The mean; 0 of no numbers."""
        return self.total / self.count if self.count else 0.0

    @property
    def reach(self) -> float:
        """How far the true mean may be from it, at any time and in both directions.

        Infinite before the first look.
        """
        # guard: no verdict before the first look
        if self.count < FIRST_LOOK:
            return math.inf
        variance = max(self.squares / self.count - self.value**2, 0.0)
        return float(reach(np.float64(self.count), np.float64(variance)))


def reach(count: Numbers, variance: Numbers) -> Numbers:
    """Returns how far true means may be from those of so many numbers.

    Args:
        count: How many; shape (n,), or one.
        variance: Of the numbers, of the same shape.
    """
    spread = count * _RHO_SQUARED + 1
    factor = 2 * spread / (count**2 * _RHO_SQUARED) * np.log(np.sqrt(spread) / _ALPHA)
    found: Numbers = np.sqrt(variance * factor)
    return found


class Pairs(NamedTuple):
    """Outcomes whose houses both models have priced.

    Attributes:
        loss: The challenger's squared error minus the live model's.
        error: The challenger's absolute error minus the live model's, in the target's unit.
        price: Sum of what the houses sold for.
    """

    loss: Mean = Mean()
    error: Mean = Mean()
    price: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Which of two models is better.

    Attributes:
        outcome: The verdict.
        difference: Mean of the challenger's squared error minus the live model's.
        lower: Lower end of the confidence sequence of that; minus infinity before the first look.
        upper: Upper end of it; infinity before the first look.
        labels: Outcomes that it rests on.
        mae_difference: Mean of the challenger's absolute error minus the live model's.
        text: For people.
    """

    outcome: Outcome
    difference: float
    lower: float
    upper: float
    labels: int
    mae_difference: float
    text: str


def decide(pairs: Pairs | None, shadow: ShadowSums) -> Verdict:
    """Returns which of two models is better.

    Args:
        pairs: Outcomes; None where none are recorded.
        shadow: Houses that both have priced, whatever they sold for.
    """
    known = pairs or Pairs()
    loss = known.loss
    outcome, text = _outcome(pairs, shadow)
    return Verdict(
        outcome=outcome,
        difference=loss.value,
        lower=loss.value - loss.reach,
        upper=loss.value + loss.reach,
        labels=loss.count,
        mae_difference=known.error.value,
        text=text,
    )


def _outcome(pairs: Pairs | None, shadow: ShadowSums) -> tuple[Outcome, str]:
    known = pairs or Pairs()
    loss, reach = known.loss, known.loss.reach
    size, labels = abs(loss.value), f"{loss.count:,} outcomes"
    between = f"{size:.3g}, between {max(size - reach, 0):.3g} and {size + reach:.3g}, of {labels}"
    if loss.value + reach < 0:
        return (
            Outcome.CHALLENGER_BETTER,
            f"the challenger's mean squared error is lower by {between}",
        )
    if loss.value - reach > 0:
        return (
            Outcome.CHALLENGER_WORSE,
            f"the challenger's mean squared error is higher by {between}",
        )
    for alike in (_agreeing(shadow), _equally_good(known)):
        if alike:
            return Outcome.EQUIVALENT, alike
    return Outcome.UNDECIDED, _missing(pairs, shadow)


def _agreeing(shadow: ShadowSums) -> str:
    """Says that prices are too alike for errors to differ, or nothing.

    Errors of two prices of a house differ by no more than the prices do.
    """
    apart = Mean(int(shadow.scored), shadow.absolute, shadow.squares)
    margin = _MARGIN * abs(shadow.price) / max(shadow.scored, 1)
    most = apart.value + apart.reach
    if not most < margin:
        return ""
    return (
        f"prices of {apart.count:,} houses differ by {apart.value:.3g} on average, at most"
        f" {most:.3g}, and errors by no more; below {margin:.3g}, which is {_MARGIN:.0%} of the"
        " mean price, it cannot matter which model answers"
    )


def _equally_good(known: Pairs) -> str:
    error = known.error
    margin = _MARGIN * known.price / max(error.count, 1)
    most = abs(error.value) + error.reach
    if not most < margin:
        return ""
    return (
        f"mean absolute errors differ by {error.value:+.3g}, at most {most:.3g}, of"
        f" {error.count:,} outcomes; below {margin:.3g}, which is {_MARGIN:.0%} of the mean price,"
        " it cannot matter which model answers"
    )


def _missing(pairs: Pairs | None, shadow: ShadowSums) -> str:
    houses = f"prices of {int(shadow.scored):,} houses of the shadow do not agree closely enough"
    if pairs is None:
        return (
            "only agreement can tell, as this server keeps no outcomes (FEEDBACK_URL is empty);"
            f" {houses} yet"
        )
    count = pairs.loss.count
    if count < FIRST_LOOK:
        return (
            f"{count} outcomes of houses that both have priced; the first look is at {FIRST_LOOK}"
        )
    return (
        f"the difference of the mean squared errors lies between"
        f" {pairs.loss.value - pairs.loss.reach:.3g} and {pairs.loss.value + pairs.loss.reach:.3g}"
        f" by {count:,} outcomes; more of them narrow that down"
    )
