"""Which values a model may be asked about."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.schema import FEATURE_NAMES, FEATURES, FeatureSpec

# Trees compare in float32, where a larger value would be infinite.
_LARGEST = float(np.finfo(np.float32).max)


def _domain(spec: FeatureSpec) -> tuple[float, float, float]:
    if not spec.choices:
        return -_LARGEST, _LARGEST, spec.integer
    low, high = min(spec.choices), max(spec.choices)
    if set(spec.choices) != set(np.arange(low, high + 1)):
        raise ValueError(f"the choices of {spec.name} have gaps, which no bounds can express")
    return low, high, True


# For each feature the lowest and the highest value, and 1 where it has to be a whole number.
DOMAIN: Rows = np.array([_domain(spec) for spec in FEATURES]).T.copy()


def outside(rows: Rows) -> NDArray[np.bool_]:
    """Tells which rows cannot be scored: shape (n,)."""
    lowest, highest, whole = DOMAIN
    values = rows[:, whole != 0]
    # Of a value that is missing, every comparison is false.
    # guard: a house has a feature
    found = ((rows < lowest) | (rows > highest)).any(axis=1) | np.isnan(rows).all(axis=1)
    # guard: features are in their domain
    marks: NDArray[np.bool_] = found | (values > np.floor(values)).any(axis=1)
    return marks


def errors(rows: Rows, path: Callable[[int], str]) -> dict[int, ServingError]:
    """Returns the error of each row that cannot be scored, by its place.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
        path: Returns where a row stands in the request, such as "items[3]".
    """
    places = np.flatnonzero(outside(rows)).tolist()
    return {place: _error(rows[place].tolist(), path(place)) for place in places}


def _error(values: Sequence[float], path: str) -> ServingError:
    sent = [column for column, value in enumerate(values) if not math.isnan(value)]
    if not sent:
        return ServingError(
            Reason.NO_FEATURES,
            f"{path}: has no feature; set at least one of {', '.join(FEATURE_NAMES)}",
            violations=(Violation(field=path, description="set at least one feature"),),
        )
    infinite = {
        FEATURE_NAMES[column]: _out_of_bounds(values[column])
        for column in sent
        # guard: features are finite
        if abs(values[column]) > _LARGEST
    }
    wrong = {
        FEATURE_NAMES[column]: f"is {values[column]:g}, but {_rule(FEATURES[column])}"
        for column in sent
        if FEATURE_NAMES[column] not in infinite and not _fits(column, values[column])
    }
    reason = Reason.FEATURE_NOT_FINITE if infinite else Reason.FEATURE_DOMAIN
    return _refusal(reason, path, infinite | wrong)


def _fits(column: int, value: float) -> bool:
    lowest, highest, whole = DOMAIN[:, column]
    return bool(lowest <= value <= highest) and not (whole and value != math.floor(value))


def _out_of_bounds(value: float) -> str:
    if math.isfinite(value):
        return f"is {value:g}, which is too large; send at most {_LARGEST:.2g}, or leave it out"
    return "is not finite; send a finite number, or leave it out"


def _rule(spec: FeatureSpec) -> str:
    if spec.choices:
        return "must be " + " or ".join(f"{choice:g}" for choice in spec.choices)
    return "must be a whole number"


def _refusal(reason: Reason, path: str, faults: dict[str, str]) -> ServingError:
    violations = tuple(
        Violation(field=f"{path}.{name}", description=text) for name, text in faults.items()
    )
    message = "; ".join(f"{violation.field} {violation.description}" for violation in violations)
    return ServingError(reason, message, violations=violations)
