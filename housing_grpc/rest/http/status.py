"""Errors on the wire: google.rpc.Status as an HTTP status, a JSON body and headers."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from starlette.responses import Response

from housing_grpc.rest.http.errors import Reason, RestError

DOMAIN = "housing.v1"
NAME = "google.rpc.Status"

# As the comments of google/rpc/code.proto say.
HTTP_STATUS: dict[int, int] = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.UNAUTHENTICATED: 401,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
}

_DETAILS_KEY = "grpc-status-details-bin"
_MOST_VIOLATIONS = 20
_LONGEST_TEXT = 500
_RETRY_SECONDS = 1
_EMPTY = "EMPTY_BATCH"
_CHALLENGE = 'Bearer realm="housing.v1", ApiKey realm="housing.v1", header="X-API-Key"'


def of_error(error: RestError) -> Status:
    """Returns an error of the proxy's own as google.rpc.Status, with ErrorInfo first."""
    details: list[Message] = [ErrorInfo(reason=error.reason, domain=DOMAIN)]
    if error.violations:
        bad = BadRequest()
        for violation in error.violations[:_MOST_VIOLATIONS]:
            bad.field_violations.add(
                field=violation.field[:_LONGEST_TEXT],
                description=violation.description[:_LONGEST_TEXT],
            )
        details.append(bad)
    if error.retry_seconds is not None:
        retry = RetryInfo()
        retry.retry_delay.FromSeconds(error.retry_seconds)
        details.append(retry)
    status = Status(code=error.reason.code, message=error.message[:_LONGEST_TEXT])
    for detail in details:
        status.details.add().Pack(detail)
    return status


def of_call(error: grpc.aio.AioRpcError) -> Status:
    """Returns what a failed call says, or, if the library says it, our words for it."""
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            try:
                return Status.FromString(value)
            except DecodeError:
                break
    return _of_code(error.code(), error.details() or "")


def overdue() -> Status:
    """Returns the status for a server that does not answer in time."""
    return _of_code(grpc.StatusCode.DEADLINE_EXCEEDED, "")


def _of_code(code: grpc.StatusCode, text: str) -> Status:
    status = of_error(_of_library(code, text))
    status.code = code.value[0]
    return status


def unavailable() -> Status:
    """Returns the status for a server that is not there, or no longer."""
    return of_error(_of_library(grpc.StatusCode.UNAVAILABLE, ""))


def seen_from(place: str, status: Status) -> Status:
    """Names the fields as a caller does who wrote only what stands at one place.

    Args:
        place: Where that stands in the request, such as "house".
        status: An error whose fields are named from the whole request, "house.RM".
    """
    return _with_fields(
        status, lambda whole: "body" if whole == place else whole.removeprefix(f"{place}.")
    )


def renamed(status: Status, start: str, to: str) -> Status:
    """Names the fields as a caller does who wrote something else before them.

    Args:
        status: An error.
        start: How the names begin, such as "items[".
        to: What takes its place.
    """
    return _with_fields(
        status, lambda whole: to + whole[len(start) :] if whole.startswith(start) else whole
    )


def _with_fields(status: Status, name: Callable[[str], str]) -> Status:
    changed = Status()
    changed.CopyFrom(status)
    bad = BadRequest()
    for detail in changed.details:
        if detail.Unpack(bad):
            for violation in bad.field_violations:
                whole = violation.field
                violation.field = name(whole)
                changed.message = changed.message.replace(whole, violation.field)
            detail.Pack(bad)
    return changed


def with_limit(status: Status, most: int) -> Status:
    """Returns what is said of an empty list, with the limit that counts here.

    Args:
        status: An error of the server's, which knows its own limit only.
        most: Most entries that the proxy takes.
    """
    bad = BadRequest()
    if reason_of(status) != _EMPTY or not any(detail.Unpack(bad) for detail in status.details):
        return status
    changed = Status()
    changed.CopyFrom(status)
    changed.message = (
        f"{bad.field_violations[0].field}: is empty; send at least one, at most {most}"
    )
    return changed


def http_status(status: Status) -> int:
    """Returns the HTTP status of an error."""
    reason = reason_of(status)
    special = Reason[reason].http if reason in Reason.__members__ else None
    return special or HTTP_STATUS.get(status.code, 500)


def reason_of(status: Status) -> str:
    """Returns the reason of an error, or "" if it has none."""
    info = ErrorInfo()
    return next((str(info.reason) for detail in status.details if detail.Unpack(info)), "")


def code_name(status: Status) -> str:
    """Returns the name of the error's code, such as "NOT_FOUND"."""
    return str(Code.Name(status.code)) if status.code in HTTP_STATUS else "UNKNOWN"


def body(status: Status) -> dict[str, Any]:
    """Returns the error as the object that an HTTP caller gets."""
    return {"error": tree(status)}


def tree(status: Status) -> dict[str, Any]:
    """Returns the one form that an error has, of a whole call or of a part."""
    return {
        "code": http_status(status),
        "message": status.message,
        "status": code_name(status),
        "details": [*_printable(status.details)],
    }


def response(status: Status, form: Callable[[Status], Mapping[str, Any]] = body) -> Response:
    """Returns the HTTP response of an error.

    Args:
        status: The error.
        form: Makes what the caller gets of it.
    """
    found = Response(
        json.dumps(form(status), separators=(",", ":")),
        http_status(status),
        media_type="application/json",
    )
    retry = RetryInfo()
    if any(detail.Unpack(retry) for detail in status.details):
        delay = retry.retry_delay
        found.headers["retry-after"] = str(max(1, math.ceil(delay.seconds + delay.nanos / 1e9)))
    elif found.status_code == 429:
        found.headers["retry-after"] = str(_RETRY_SECONDS)
    if found.status_code == 401:
        found.headers["www-authenticate"] = _CHALLENGE
    return found


def _printable(details: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for detail in details:
        # A type that this process does not know cannot be printed.
        with suppress(TypeError):
            yield json_format.MessageToDict(detail, preserving_proto_field_name=True)


def _of_library(code: grpc.StatusCode, text: str) -> RestError:
    if code is grpc.StatusCode.UNAVAILABLE:
        return RestError(
            reason=Reason.BACKEND_UNAVAILABLE,
            message="the gRPC server does not answer; try again",
            retry_seconds=_RETRY_SECONDS,
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return RestError(
            reason=Reason.BACKEND_TIMEOUT, message="the gRPC server did not answer in time"
        )
    # Nothing else distinguishes a message over the limit from an overload.
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in text:
        return RestError(
            reason=Reason.PAYLOAD_TOO_LARGE,
            message="the request is larger than the gRPC server accepts; send it in parts",
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return RestError(
            reason=Reason.BACKEND_OVERLOADED,
            message="the gRPC server has too much to do; try again",
            retry_seconds=_RETRY_SECONDS,
        )
    return RestError(reason=Reason.BACKEND_FAILED, message=f"the gRPC server answered {code.name}")
