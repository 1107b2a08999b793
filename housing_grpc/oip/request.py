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
        raw: Whether the answer is bytes, as the request was.
        single: Whether values came in single precision.
        outputs: The tensors that are wanted, in order.
        options: What they take.
        fills_errors: Whether a row that cannot be scored is NaN, and fails nothing.
        wants_end: Whether the answer is to be marked as the last one.
    """

    model: str
    version: str
    id: str
    rows: Rows
    path: str
    raw: bool
    single: bool
    outputs: tuple[str, ...] = _PRICES
    options: Options = NO_OPTIONS
    fills_errors: bool = False
    wants_end: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it asks for one price, and nothing else."""
        return self.options is NO_OPTIONS and not self.single and len(self.rows) == 1


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request of a stream.

    Attributes:
        model: The name of the model.
        id: Comes back in the answer.
        asked: What it asks, or what is wrong with it.
    """

    model: str = ""
    id: str = ""
    asked: InferRequest | ServingError


def attempt(data: bytes, most: int) -> Attempt:
    """Reads a request of a stream, of so many rows at most; what is wrong ends no other."""
    message = None
    try:
        message = parse(data)
        asked = read(message, most)
    except ServingError as error:
        # With its traceback it would hold the message.
        refused = error.with_traceback(None)
        if message is None:
            return Attempt(asked=refused)
        return Attempt(model=message.model_name, id=message.id, asked=refused)
    return Attempt(model=asked.model, id=asked.id, asked=asked)


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
    inputs, raw, given = message.inputs, message.raw_input_contents, message.parameters
    plain = not (message.outputs or given)
    asked = {} if plain else _asked(message.outputs, given)
    return InferRequest(
        model=message.model_name,
        version=message.model_version,
        id=message.id,
        rows=tensors.read(inputs, raw, most),
        path=tensors.path(inputs),
        raw=bool(raw),
        single=tensors.is_single(inputs),
        **asked,
    )


def _asked(asked: Any, given: Any) -> dict[str, Any]:
    names = _outputs(asked) if asked else _PRICES
    if names == _PRICES and not given:
        return {}
    options = Options(
        explain=not EXPLAINED.isdisjoint(names),
        asked_level=parameters.level(given),
        intervals=not BOUNDS.isdisjoint(names),
    )
    return {
        "outputs": names,
        "options": options,
        "fills_errors": parameters.fills_errors(given),
        "wants_end": parameters.wants_end(given),
    }


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
