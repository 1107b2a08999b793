"""Bounds what a request holds before it is parsed: an empty tensor takes two bytes on the wire."""

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.houses import wire_scan
from housing_grpc.houses.wire_scan import Nested
from housing_grpc.oip.messages import ModelInferRequest

# With 13 tensors and all their parameters, clients send some 200.
_MOST = 2048

_fields = ModelInferRequest.DESCRIPTOR.fields_by_name
_inputs = _fields["inputs"]
_contents = _inputs.message_type.fields_by_name["contents"]
# Messages in which fields may repeat: a tensor, its contents, and an output that is asked for.
# guard: the fields of an output
_NESTED: Nested = {_inputs.number: {_contents.number: {}}, _fields["outputs"].number: {}}


def check(data: bytes) -> None:
    """Checks a ModelInferRequest.

    Raises:
        ServingError: MALFORMED_REQUEST: it has more fields than any that makes sense.
    """
    # guard: the fields of a request of tensors
    if wire_scan.holds_more(data, _NESTED, _MOST):
        raise ServingError(
            Reason.MALFORMED_REQUEST,
            f"inputs: the request has more than {_MOST} fields; send values as "
            "raw_input_contents or packed, and one tensor for all rows",
        )
