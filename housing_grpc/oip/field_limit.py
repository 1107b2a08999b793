"""Bounds what a request holds before it is parsed: an empty tensor takes two bytes on the wire."""

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.houses import wire_scan
from housing_grpc.oip.messages import ModelInferRequest

# With 13 tensors and all their parameters, clients send some 200.
_MOST = 2048
# Of fewer bytes no message is large.
_SMALL_BYTES = 2 * _MOST

_inputs = ModelInferRequest.DESCRIPTOR.fields_by_name["inputs"]
# Messages in which fields may repeat: a tensor, and its contents.
_NESTED = (_inputs.number, _inputs.message_type.fields_by_name["contents"].number)


def check(data: bytes) -> None:
    """Checks a ModelInferRequest.

    Raises:
        ServingError: MALFORMED_REQUEST: it has more fields than any that makes sense.
    """
    if len(data) <= _SMALL_BYTES:
        return
    try:
        found = _count(memoryview(data), _NESTED, 0)
    except IndexError:
        return  # The parser says what is wrong.
    # guard: the fields of a request of tensors
    if found > _MOST:
        raise ServingError(
            Reason.MALFORMED_REQUEST,
            f"inputs: the request has more than {_MOST} fields; send values as "
            "raw_input_contents or packed, and one tensor for all rows",
        )


def _count(data: memoryview, nested: tuple[int, ...], count: int) -> int:
    """Returns how many fields there are with those before, or some more than the limit."""
    for number, content in wire_scan.fields(data):
        count += 1
        if content is not None and nested and number == nested[0]:
            count = _count(content, nested[1:], count)
        if count > _MOST:
            break
    return count
