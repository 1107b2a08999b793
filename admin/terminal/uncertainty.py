"""Says how a live model tells how sure it is, how unusual a house is, and what makes a price."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from housing.v1.model_pb2 import IntervalInfo, ModelInfoResponse

_NOT_THERE = "not in its bundle"


def facts(found: "ModelInfoResponse") -> list[tuple[str, str]]:
    """Return a row for each of the three, also for one that the bundle does not have."""
    from housing.v1.prediction_pb2 import ExplanationMethod

    rows = dict.fromkeys(("interval", "unusual houses", "explanation"), _NOT_THERE)
    if found.HasField("interval"):
        rows["interval"] = _interval(found.interval)
    if found.HasField("applicability"):
        known = found.applicability
        # A copula has no houses.
        houses = f", of {known.houses} known houses" if known.houses > 1 else ""
        rows["unusual houses"] = f"{known.method}{houses}"
    if found.HasField("explanation"):
        method = ExplanationMethod.Name(found.explanation.method).removeprefix(
            "EXPLANATION_METHOD_"
        )
        rows["explanation"] = (
            f"{method.lower().replace('_', ' ')}, from {found.explanation.base:.3f}; "
            f"at most {found.explanation.max_rows} prices a call"
        )
    return list(rows.items())


def _interval(found: "IntervalInfo") -> str:
    towns = ""
    if found.coverage_by_town:
        towns = f"; {100 * found.coverage_by_town:.1f} % where towns are held out"
    return (
        f"{100 * found.level:g} %: covers {100 * found.coverage:.1f} ± "
        f"{100 * found.coverage_error:.1f} % out of fold, {found.width:.3g} wide{towns}; "
        f"{found.method}, {found.folds} folds, levels up to {found.max_level:g}"
    )
