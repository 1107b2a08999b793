"""Bounds what a request holds before it is parsed: an empty tensor takes two bytes on the wire."""

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.houses import wire_scan
from housing_grpc.oip.messages import ModelInferRequest

# With 13 tensors and all their parameters, clients send some 200.
_MOST = 2048

_inputs = ModelInferRequest.DESCRIPTOR.fields_by_name["inputs"]
# Messages in which fields may repeat: a tensor, and its contents.
_NESTED = (_inputs.number, _inputs.message_type.fields_by_name["contents"].number)


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
