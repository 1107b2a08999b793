"""Which values a model may be asked about, for rows of any origin."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import Reason, ServingError, Violation
from housing_grpc.bundle.schema import FEATURE_NAMES, FEATURES, FeatureSpec

Rows = NDArray[np.float64]

# Trees compare in float32, where a larger value would be infinite.
LARGEST = float(np.finfo(np.float32).max)

_DOMAINS = [(column, spec) for column, spec in enumerate(FEATURES) if spec.integer or spec.choices]


def _domain(spec: FeatureSpec) -> tuple[float, float, float]:
    if not spec.choices:
        return -LARGEST, LARGEST, spec.integer
    low, high = min(spec.choices), max(spec.choices)
    if set(spec.choices) != set(np.arange(low, high + 1)):
        raise ValueError(f"the choices of {spec.name} have gaps, which no bounds can tell")
    return low, high, True


# For each feature the lowest and the highest value, and 1 where it has to be a whole number.
DOMAIN: Rows = np.array([_domain(spec) for spec in FEATURES]).T.copy()


def no_features(path: str) -> ServingError:
    """Returns the error of a house without any feature."""
    return ServingError(
        Reason.NO_FEATURES,
        f"{path}: has no feature; set at least one of {', '.join(FEATURE_NAMES)}",
        violations=(Violation(field=path, description="set at least one feature"),),
    )


def not_finite(values: Iterable[tuple[str, float]], path: str) -> ServingError:
    """Returns the error of a house with values that are no finite float32.

    Args:
        values: Names and values that are set.
        path: Where the house stands in the request, such as "items[3]".
    """
    faults = [
        (name, f"is {value:g}; send a finite number, or leave it out")
        for name, value in values
        if not -LARGEST <= value <= LARGEST
    ]
    return _refusal(Reason.FEATURE_NOT_FINITE, path, faults)


def check_domains(values: Sequence[float], path: str) -> None:
    """Checks the features that can take certain values only.

    Args:
        values: In the order of FEATURES, NaN where one is missing.
        path: Where the house stands in the request.

    Raises:
        ServingError: FEATURE_DOMAIN.
    """
    faults = [
        (spec.name, f"is {values[column]:g}, but {_domain_text(spec)}")
        for column, spec in _DOMAINS
        if not math.isnan(values[column]) and not _in_domain(spec, values[column])
    ]
    if faults:
        raise _refusal(Reason.FEATURE_DOMAIN, path, faults)


def refused(rows: Rows) -> NDArray[np.bool_]:
    """Tells which rows cannot be scored.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
    """
    lowest, highest, whole = DOMAIN
    values = rows[:, whole != 0]
    # Of a value that is missing, every comparison is false.
    found = ((rows < lowest) | (rows > highest)).any(axis=1) | np.isnan(rows).all(axis=1)
    marks: NDArray[np.bool_] = found | (values > np.floor(values)).any(axis=1)
    return marks


def faulty_rows(rows: Rows, start: int = 0) -> dict[int, ServingError]:
    """Returns the error of each row that cannot be scored, by its place.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
        start: Where they start among the houses of the request.
    """
    return {
        place: _fault(rows[place].tolist(), f"items[{start + place}]")
        for place in np.flatnonzero(refused(rows)).tolist()
    }


def _fault(values: Sequence[float], path: str) -> ServingError:
    present = [
        (name, value)
        for name, value in zip(FEATURE_NAMES, values, strict=True)
        if not math.isnan(value)
    ]
    if not present:
        return no_features(path)
    if any(abs(value) > LARGEST for _, value in present):
        return not_finite(present, path)
    try:
        check_domains(values, path)
    except ServingError as error:
        return error
    raise AssertionError(f"{path} was suspected without a reason")


def _in_domain(spec: FeatureSpec, value: float) -> bool:
    return value in spec.choices if spec.choices else value.is_integer()


def _domain_text(spec: FeatureSpec) -> str:
    if spec.choices:
        return "must be " + " or ".join(f"{choice:g}" for choice in spec.choices)
    return "must be a whole number"


def _refusal(reason: Reason, path: str, faults: Sequence[tuple[str, str]]) -> ServingError:
    violations = tuple(Violation(field=f"{path}.{name}", description=text) for name, text in faults)
    message = "; ".join(f"{violation.field} {violation.description}" for violation in violations)
    return ServingError(reason, message, violations=violations)
