"""What is told of one house besides its price, in fields and in words."""

import math
from collections.abc import Sequence

from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.parts.assessment import UNLIKE_TRAINING, Assessment
from housing_grpc.bundle.parts.explanation import Explanation, Method
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES

Answer = pb.PredictResponse | pb.RowResult

METHODS: dict[Method, pb.ExplanationMethod] = {
    method: getattr(pb, f"EXPLANATION_METHOD_{method}") for method in Method
}


def add_ranges(answer: Answer, values: Sequence[float], ranges: Ranges) -> None:
    """Tells which values are missing, and which are outside the training range.

    Args:
        answer: Told in.
        values: Of the house, NaN where one is missing.
        ranges: Of the model that answered.
    """
    for value, (name, low, high) in zip(values, ranges.bounds, strict=True):
        if low <= value <= high:
            continue
        if math.isnan(value):
            answer.imputed_features.append(name)
            continue
        answer.warnings.append(
            f"Feature '{name}' value {value:g} is outside training range [{low:g}, {high:g}]"
        )
        answer.range_warnings.add(feature=name, value=value, min=low, max=high)


def add_assessment(answer: Answer, assessment: Assessment, row: int) -> None:
    """Tells how sure a price is, and how unusual its house.

    Args:
        answer: Told in.
        assessment: Of some houses.
        row: The place of this one among them.
    """
    lower, upper = assessment.lower[row], assessment.upper[row]
    p_value = assessment.p_value[row]
    unlike, bounded = p_value < UNLIKE_TRAINING, math.isfinite(lower) and math.isfinite(upper)
    answer.applicability.p_value = p_value
    answer.applicability.distance = assessment.distance[row]
    if bounded:
        interval = answer.interval
        interval.lower, interval.upper, interval.level = lower, upper, assessment.level
        interval.extrapolated = unlike
    if unlike:
        odd = assessment.odd(row)
        answer.applicability.odd_features.extend(odd)
        answer.warnings.append(
            f"House is unlike any of the training data (p-value {p_value:.2g}); it differs most "
            f"in {', '.join(odd)}"
        )
        if bounded:
            answer.warnings.append(
                f"Interval is an extrapolation: the share of {100 * assessment.level:g} % holds "
                "no promise for a house unlike the training data"
            )


def add_explanation(answer: Answer, explanation: Explanation, row: int) -> None:
    """Tells what makes a price.

    Args:
        answer: Told in.
        explanation: Of some houses.
        row: The place of this one among them.
    """
    told = answer.explanation
    told.base, told.method = explanation.base, METHODS[explanation.method]
    factors = None if explanation.factors is None else explanation.factors[row].tolist()
    numbers = zip(
        FEATURE_NAMES,
        explanation.values[row].tolist(),
        explanation.amounts[row].tolist(),
        explanation.imputed[row].tolist(),
        strict=True,
    )
    for place, (name, value, amount, imputed) in enumerate(numbers):
        told.contributions.add(
            feature=name,
            value=value,
            amount=amount,
            factor=None if factors is None else factors[place],
            imputed=imputed,
        )
