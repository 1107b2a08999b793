"""Answers that have nothing to say but numbers, which nearly all have: written as records."""

from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec
from housing.v1 import prediction_pb2 as pb

from housing_grpc.bundle.arrays import PlainNumbers
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.bundle.parts.explanation import Explanation, Method
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.encode_details import METHODS, Answer
from housing_grpc.houses.encode_record import Column, Record, Texts
from housing_grpc.houses.scored import Scored


class Shape(msgspec.Struct, frozen=True):
    """Which fields an answer has besides its price.

    Attributes:
        interval: Whether it has an interval.
        applicability: Whether it says how unusual the house is.
        method: How it is explained, or None if it is not.
        factors: Whether its contributions have factors.
        receipt: Characters of its receipt, 0 if it has none.
    """

    interval: bool
    applicability: bool
    method: Method | None
    factors: bool
    receipt: int = 0


def results(
    count: int, scored: Scored, spread: Callable[[Column], Column], receipts: Texts | None = None
) -> tuple[bytearray, int]:
    """Returns a plain result for every house, as the bytes of RowResults, and the size of each.

    Args:
        count: How many houses there are.
        scored: Of those that were scored.
        spread: Makes numbers of all houses of those that were scored.
        receipts: Of all houses, each as long as any; None for none.
    """
    record = _result(_shape(scored, 0 if receipts is None else receipts.itemsize))
    columns = [spread(each) for each in (scored.prices, *_columns(scored))]
    return record.many(count, columns, receipts), record.size


def answer(numbers: PlainNumbers) -> bytes:
    """Returns a PredictResponse for one house, but for the version and the time."""
    price, lower, upper, p_value, distance = numbers
    # A number that is not known is NaN, which is not equal to itself.
    if p_value != p_value:  # noqa: PLR0124 - quicker than math.isnan
        return _PRICED.one((price,))
    if lower != lower:  # noqa: PLR0124
        return _ASSESSED.one((price, p_value, distance))
    return _BOUNDED.one((price, lower, upper, INTERVAL_LEVEL, p_value, distance))


def details(scored: Scored) -> bytes:
    """Returns what a PredictResponse for one house tells beside its price."""
    numbers = [each if isinstance(each, float) else each[0] for each in _columns(scored)]
    return _detail(_shape(scored)).one(numbers)


def _shape(scored: Scored, receipt: int = 0) -> Shape:
    assessment, explanation = scored.assessment, scored.explanation
    return Shape(
        assessment is not None and assessment.has_bounds,
        assessment is not None,
        None if explanation is None else explanation.method,
        explanation is not None and explanation.factors is not None,
        receipt,
    )


def _columns(scored: Scored) -> Iterator[Column]:
    """Gives the numbers in the order in which `_fill` takes them."""
    assessment = scored.assessment
    if assessment is not None:
        if assessment.has_bounds:
            yield assessment.lower
            yield assessment.upper
            yield assessment.level
        yield assessment.p_value
        yield assessment.distance
    if scored.explanation is not None:
        yield from _explained(scored.explanation)


def _explained(explanation: Explanation) -> Iterator[Column]:
    yield explanation.base
    tables = [explanation.values, explanation.amounts]
    if explanation.factors is not None:
        tables.append(explanation.factors)
    for feature in range(len(FEATURE_NAMES)):
        for table in tables:
            yield table[:, feature]


@lru_cache(maxsize=64)
def _result(shape: Shape) -> Record:
    receipt = "R" * shape.receipt

    def sample(numbers: Iterator[float]) -> pb.RowResults:
        made = pb.RowResults()
        _fill(made.items.add(prediction=next(numbers), receipt=receipt or None), shape, numbers)
        return made

    return Record(sample, receipt)


@lru_cache(maxsize=64)
def _detail(shape: Shape) -> Record:
    def sample(numbers: Iterator[float]) -> pb.PredictResponse:
        made = pb.PredictResponse()
        _fill(made, shape, numbers)
        return made

    return Record(sample)


def _fill(answer: Answer, shape: Shape, numbers: Iterator[float]) -> None:
    if shape.interval:
        interval = answer.interval
        interval.lower, interval.upper, interval.level = next(numbers), next(numbers), next(numbers)
    if shape.applicability:
        answer.applicability.p_value, answer.applicability.distance = next(numbers), next(numbers)
    if shape.method is not None:
        answer.explanation.base = next(numbers)
        answer.explanation.method = METHODS[shape.method]
        for name in FEATURE_NAMES:
            contribution = answer.explanation.contributions.add(
                feature=name, value=next(numbers), amount=next(numbers)
            )
            if shape.factors:
                contribution.factor = next(numbers)


def _answer(*, interval: bool, applicability: bool) -> Record:
    shape = Shape(interval, applicability, method=None, factors=False)

    def sample(numbers: Iterator[float]) -> pb.PredictResponse:
        made = pb.PredictResponse(prediction=next(numbers))
        _fill(made, shape, numbers)
        return made

    return Record(sample)


_PRICED = _answer(interval=False, applicability=False)
_ASSESSED = _answer(interval=False, applicability=True)
_BOUNDED = _answer(interval=True, applicability=True)
