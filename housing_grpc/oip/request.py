"""Reads what a ModelInferRequest asks."""

from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.arrays import Rows
from housing_grpc.houses.options import NO_OPTIONS, Options
from housing_grpc.oip import field_limit, parameters, tensors
from housing_grpc.oip.messages import ModelInferRequest
from housing_grpc.oip.outputs import BOUNDS, EXPLAINED, OUTPUTS, PRICE
from housing_grpc.oip.refusals import refusal

_NAMES = ", ".join(OUTPUTS)
_PRICES = (PRICE,)


class InferRequest(msgspec.Struct, frozen=True):
    """A ModelInferRequest.

    Attributes:
        model: Its name.
        version: The one that is wanted, or empty for the live one.
        id: Comes back in the answer.
        rows: The houses, shape (n, features).
        path: What the place of a row follows, in what is told of it.
        outputs: The tensors that are wanted, in order.
        options: What they take.
        fills_errors: Whether a row that cannot be scored is NaN, and fails nothing.
        raw: Whether the answer is bytes, as the request was.
        single: Whether values came in single precision.
        wants_end: Whether the answer is to be marked as the last one.
    """

    model: str
    version: str
    id: str
    rows: Rows
    path: str
    outputs: tuple[str, ...]
    options: Options
    fills_errors: bool
    raw: bool
    single: bool
    wants_end: bool


def parse(data: bytes) -> Any:
    """Returns the message of bytes.

    Raises:
        ServingError: MALFORMED_REQUEST.
    """
    field_limit.check(data)
    try:
        return ModelInferRequest.FromString(data)
    except DecodeError:
        raise ServingError(
            Reason.MALFORMED_REQUEST, "the bytes are not a ModelInferRequest"
        ) from None


def read(message: Any, most: int) -> InferRequest:
    """Reads a message of so many rows at most.

    Raises:
        ServingError: It cannot be taken; nothing of it was looked at by a model.
    """
    outputs = _outputs(message.outputs) if message.outputs else _PRICES
    raw = message.raw_input_contents
    given = message.parameters
    return InferRequest(
        model=message.model_name,
        version=message.model_version,
        id=message.id,
        rows=tensors.read(message.inputs, raw, most),
        path=tensors.path(message.inputs),
        outputs=outputs,
        options=NO_OPTIONS
        if outputs is _PRICES and not given
        else Options(
            explain=not EXPLAINED.isdisjoint(outputs),
            asked_level=parameters.level(given),
            intervals=not BOUNDS.isdisjoint(outputs),
        ),
        fills_errors=parameters.fills_errors(given),
        raw=bool(raw),
        single=tensors.is_single(message.inputs),
        wants_end=parameters.wants_end(given),
    )


def _outputs(asked: Any) -> tuple[str, ...]:
    names = tuple(each.name for each in asked)
    for place, output in enumerate(asked):
        if output.name not in OUTPUTS:
            raise refusal(
                Reason.INVALID_TENSOR,
                output.name or "outputs",
                f"is no output of this model; ask for some of {_NAMES}",
            )
        if output.name in names[:place]:
            raise refusal(Reason.INVALID_TENSOR, output.name, "is asked for twice; ask once")
        for parameter in ("classification", "shared_memory_region"):
            if parameter in output.parameters:
                raise refusal(
                    Reason.INVALID_TENSOR,
                    output.name,
                    f"the parameter {parameter!r} is not offered; leave it out",
                )
    return names
