"""Refuses what a model's bundle has nothing to answer with."""

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.parts.facts import Parts
from housing_grpc.houses.options import Options

_FIX = "train the model again with this release, or add it with housing-admin upgrade VERSION"


def check(parts: Parts, options: Options) -> None:
    """Checks that a bundle has what is asked for.

    Args:
        parts: What it has.
        options: What is asked for.

    Raises:
        ServingError: NOT_IN_BUNDLE.
    """
    # guard: explanations that a bundle has not
    if options.explain and parts.explanation is None:
        field = "explain" if options.reference is None else "reference"
        raise _missing(field, "has nothing to explain prices with")
    # guard: intervals that a bundle has not
    if parts.interval is None and (options.asked_level or options.intervals):
        raise _missing("level" if options.asked_level else "intervals", "has no intervals")


def _missing(field: str, what: str) -> ServingError:
    return ServingError(
        Reason.NOT_IN_BUNDLE,
        f"{field}: the live model's bundle {what}; {_FIX}, or leave {field} out",
        violations=(Violation(field=field, description=f"the bundle {what}; {_FIX}"),),
    )
