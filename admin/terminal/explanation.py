"""Shows how sure a price is, how unusual its house, and what makes it, with a bar a feature."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from housing.v1.prediction_pb2 import Explanation, PredictResponse

_WIDTH = 20
_UNLIKE = 0.01


def lines(said: "PredictResponse", unit: str, level: float | None = None) -> Iterator[str]:
    """Yield what is said beside a price; nothing of a model that cannot tell.

    Args:
        said: The answer.
        unit: Of the price, or "".
        level: What was asked for, if it was.
    """
    if said.HasField("interval"):
        found = said.interval
        ends = f"{found.lower:.3f} to {found.upper:.3f} {unit}".rstrip()
        promise = ", which promises nothing for such a house" if found.extrapolated else ""
        yield f"interval {100 * found.level:g} %: {ends}{promise}"
    elif level is not None:
        yield f"interval {100 * level:g} %: none; the model has too few known houses for it"
    if said.HasField("applicability"):
        p_value = said.applicability.p_value
        kind = "unlike any" if p_value < _UNLIKE else "like those"
        odd = ", ".join(said.applicability.odd_features)
        differs = f"; it differs most in {odd}" if odd else ""
        yield f"house: {kind} of the training data (p-value {p_value:.2g}){differs}"
    if said.HasField("explanation"):
        yield from bars(said.explanation, said.prediction)


def cells(said: "PredictResponse | None") -> tuple[str, str, str]:
    """Return both ends of the interval and the p-value; "" for what is not said."""
    lower = upper = p_value = ""
    if said is not None and said.HasField("interval"):
        lower, upper = f"{said.interval.lower:.3f}", f"{said.interval.upper:.3f}"
    if said is not None and said.HasField("applicability"):
        p_value = f"{said.applicability.p_value:.2g}"
    return lower, upper, p_value


def bars(explanation: "Explanation", price: float) -> Iterator[str]:
    """Yield the base, a bar for what each feature adds or takes, the most first, and the price."""
    found = sorted(explanation.contributions, key=lambda each: -abs(each.amount))
    most = max((abs(each.amount) for each in found), default=0.0) or 1.0
    yield f"{'base':<8} {explanation.base:>9.3f}"
    for each in found:
        bar = ("+" if each.amount > 0 else "-") * round(_WIDTH * abs(each.amount) / most)
        filled = " (imputed)" if each.imputed else ""
        yield f"{each.feature:<8} {each.amount:>+9.3f} {bar:<{_WIDTH}} {each.value:g}{filled}"
    yield f"{'price':<8} {price:>9.3f}"
