"""Errors on the wire: google.rpc.Status with its details."""

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from housing_grpc.base.errors import DOMAIN, ServingError

# Details above about 16 KB replace the status at the client.
_MOST_VIOLATIONS = 20
_LONGEST_TEXT = 500
_LONGEST_VIOLATION = 300


def to_proto(error: ServingError) -> Status:
    """Returns the error as google.rpc.Status, with ErrorInfo first."""
    details: list[Message] = [ErrorInfo(reason=error.reason, domain=DOMAIN)]
    if error.violations:
        details.append(
            BadRequest(
                field_violations=[
                    BadRequest.FieldViolation(
                        field=violation.field[:_LONGEST_VIOLATION],
                        description=violation.description[:_LONGEST_VIOLATION],
                    )
                    # guard: details that a client can read
                    for violation in error.violations[:_MOST_VIOLATIONS]
                ]
            )
        )
    if error.retry_seconds is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_seconds * 1000))
        details.append(RetryInfo(retry_delay=delay))
    return Status(
        code=error.code.value[0],
        message=error.message[:_LONGEST_TEXT],
        details=[_packed(detail) for detail in details],
    )


def to_grpc(error: ServingError) -> grpc.Status:
    """Returns the error as what a servicer context can abort with."""
    return rpc_status.to_status(to_proto(error))


def _packed(detail: Message) -> Any:
    packed = Any()
    packed.Pack(detail)
    return packed
