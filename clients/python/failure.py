"""Turns what the wire says of a failure into an exception, or into a row's error."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from .errors import BY_CODE, BY_REASON, FieldViolation, HousingError, ServerFaultError

# The key by which gRPC carries google.rpc.Status.
_DETAILS = "grpc-status-details-bin"
_INFO, _BAD, _RETRY = (kind.DESCRIPTOR.full_name for kind in (ErrorInfo, BadRequest, RetryInfo))
_REQUEST_ID = "x-request-id"
_CODES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, kw_only=True)
class Details:
    """What google.rpc.Status carries beside code and message."""

    reason: str = ""
    violations: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None


def error_of(call: Any) -> HousingError:
    """Returns the exception for a failed call.

    Args:
        call: What a stub raised: a grpc.RpcError that is a grpc.Call, or a
            grpc.aio.AioRpcError.
    """
    trailing: dict[str, str | bytes] = dict(call.trailing_metadata() or ())
    status = _status(trailing.get(_DETAILS))
    details = details_of(status.details) if status else Details()
    code: grpc.StatusCode = call.code()
    text = (call.details() or "").partition("\n")[0]
    return error_for(code, details.reason)(
        text or code.name.lower().replace("_", " "),
        code=code,
        reason=details.reason,
        violations=details.violations,
        retry_after=details.retry_after,
        request_id=str(trailing.get(_REQUEST_ID, "")),
    )


def error_for(code: grpc.StatusCode, reason: str) -> type[HousingError]:
    """Returns the class of errors with a code and a reason."""
    return BY_REASON.get(reason) or BY_CODE.get(code, ServerFaultError)


def code_of(number: int) -> grpc.StatusCode:
    """Returns gRPC's code of a number, UNKNOWN for one that it has not."""
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)


def details_of(details: Iterable[Any]) -> Details:
    """Returns what the details of a google.rpc.Status say."""
    reason, retry_after = "", None
    violations: tuple[FieldViolation, ...] = ()
    for detail in details:
        kind = detail.type_url.rpartition("/")[2]
        if kind == _INFO:
            reason = ErrorInfo.FromString(detail.value).reason
        elif kind == _BAD:
            bad = BadRequest.FromString(detail.value)
            violations = tuple(
                FieldViolation(field=each.field, description=each.description)
                for each in bad.field_violations
            )
        elif kind == _RETRY:
            retry_after = RetryInfo.FromString(detail.value).retry_delay.ToMilliseconds() / 1000
    return Details(reason=reason, violations=violations, retry_after=retry_after)


def _status(data: str | bytes | None) -> Status | None:
    if not isinstance(data, bytes):
        return None
    try:
        return Status.FromString(data)
    except DecodeError:
        return None
