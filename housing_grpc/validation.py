"""Which values a model may be asked about, for rows of any origin."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from housing_grpc.bundle.schema import FEATURE_NAMES, FEATURES, FeatureSpec
from housing_grpc.errors import Reason, ServingError, Violation

Rows = NDArray[np.float64]

# Trees compare in float32, where a larger value would be infinite.
LARGEST = float(np.finfo(np.float32).max)

_DOMAINS = [(column, spec) for column, spec in enumerate(FEATURES) if spec.integer or spec.choices]


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


def faulty_rows(rows: Rows) -> dict[int, ServingError]:
    """Returns the error of each row that cannot be scored, by its place.

    Args:
        rows: Shape (n, features), NaN where a value is missing.
    """
    suspect = np.zeros(len(rows), dtype=np.bool_)
    large, missing = np.abs(rows) > LARGEST, np.isnan(rows)
    # By row only if there is one at all: that is much the slower question.
    if large.any():
        suspect |= large.any(axis=1)
    if missing.any():
        suspect |= missing.all(axis=1)
    for column, spec in _DOMAINS:
        values = rows[:, column]
        inside = np.isin(values, spec.choices) if spec.choices else values == np.floor(values)
        suspect |= ~(inside | np.isnan(values))
    errors = {}
    for place in np.flatnonzero(suspect).tolist():
        errors[place] = _fault(rows[place].tolist(), f"items[{place}]")
    return errors


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
