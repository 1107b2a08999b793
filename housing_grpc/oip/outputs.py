"""From what a model says of rows to output tensors."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import Reason
from housing_grpc.bundle.parts.facts import Parts
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.encode_record import Record
from housing_grpc.houses.row_validation import Partition
from housing_grpc.houses.scored import Scored
from housing_grpc.oip.messages import ModelInferResponse
from housing_grpc.oip.refusals import refusal

PRICE = "predict"
BOUNDS = frozenset({"lower", "upper"})
EXPLAINED = frozenset({"contributions", "base_value"})
ASSESSED = BOUNDS | {"applicability"}
DATATYPE = "FP64"

Values = NDArray[np.float64]


class Output(msgspec.Struct, frozen=True):
    """An output tensor.

    Attributes:
        of: Returns its values of what was said of n rows, shape (n, *shape).
        has: Returns whether a bundle can give it.
        shape: Of the values of one row.
    """

    of: Callable[[Any], Values]
    has: Callable[[Parts], bool] = lambda _: True
    shape: tuple[int, ...] = ()


def _bound(name: str) -> Callable[[Scored], Values]:
    def of(scored: Scored) -> Values:
        assessment: Any = scored.assessment
        bounded = np.isfinite(assessment.lower) & np.isfinite(assessment.upper)
        return np.where(bounded, getattr(assessment, name), np.nan)

    return of


def _base(scored: Any) -> Values:
    return np.full(len(scored.prices), scored.explanation.base)


OUTPUTS = {
    PRICE: Output(lambda scored: scored.prices),
    "lower": Output(_bound("lower"), lambda parts: parts.interval is not None),
    "upper": Output(_bound("upper"), lambda parts: parts.interval is not None),
    "contributions": Output(
        lambda scored: scored.explanation.amounts,
        lambda parts: parts.explanation is not None,
        (len(FEATURE_NAMES),),
    ),
    "base_value": Output(_base, lambda parts: parts.explanation is not None),
    "applicability": Output(
        lambda scored: scored.assessment.p_value, lambda parts: parts.applicability is not None
    ),
}
"""By name, in the order in which they are listed; the first alone is given where none is named."""


def offered(parts: Parts) -> dict[str, Output]:
    """Returns the outputs that a bundle can give.

    Args:
        parts: What it has.
    """
    return {name: output for name, output in OUTPUTS.items() if output.has(parts)}


def check(parts: Parts, names: Sequence[str]) -> None:
    """Checks that a bundle can give some outputs.

    Raises:
        ServingError: NOT_IN_BUNDLE.
    """
    for name in names:
        if not OUTPUTS[name].has(parts):
            raise refusal(
                Reason.NOT_IN_BUNDLE,
                name,
                "the live model's bundle cannot give it; train the model again with this release, "
                "or ask for ModelMetadata's outputs alone",
            )


def add(
    response: Any, names: Sequence[str], houses: Partition, scored: Sequence[Scored], *, raw: bool
) -> None:
    """Writes output tensors.

    Args:
        response: A ModelInferResponse, written to.
        names: Of the outputs, in order.
        houses: All of the request.
        scored: What was said of those that can be scored, in parts.
        raw: Whether to write bytes.
    """
    for name in names:
        values: Any = houses.spread(_joined(OUTPUTS[name], scored))
        _write(response, name, values, raw=raw)


@lru_cache(maxsize=8)
def one_price(model: str, version: str, *, raw: bool) -> Record:
    """Returns what writes the answer to one row of which the price alone is asked.

    Args:
        model: Name of the model.
        version: Of it.
        raw: Whether to write bytes.
    """

    def sample(numbers: Iterator[float]) -> Any:
        response = ModelInferResponse(model_name=model, model_version=version)
        _write(response, PRICE, np.array([next(numbers)]), raw=raw)
        return response

    return Record(sample)


def _write(response: Any, name: str, values: Any, *, raw: bool) -> None:
    tensor = response.outputs.add(name=name, datatype=DATATYPE, shape=values.shape)
    if raw:
        response.raw_output_contents.append(values.astype("<f8", copy=False).tobytes())
    else:
        tensor.contents.fp64_contents.extend(values.ravel().tolist())


def _joined(output: Output, scored: Sequence[Scored]) -> Values:
    found = [output.of(each) for each in scored]
    if len(found) == 1:
        return found[0]
    # Where no row could be scored, there is nothing to join.
    return np.concatenate(found) if found else np.empty((0, *output.shape))
