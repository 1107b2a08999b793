"""Errors that the proxy itself answers with: each reason, its gRPC code and HTTP status.

What the gRPC server refuses keeps the server's own reason; see status.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status


class Reason(StrEnum):
    """Why a request failed here; the reason of google.rpc.ErrorInfo.

    Attributes:
        code: The gRPC status code that goes with it.
        http: The HTTP status, where it is not that of the code (status.HTTP_STATUS).
    """

    code: int
    http: int | None

    def __new__(cls, name: str, code: int, http: int | None = None) -> "Reason":
        """Makes one of the table's lines a member."""
        reason = str.__new__(cls, name)
        reason._value_ = name
        reason.code, reason.http = code, http
        return reason

    BACKEND_FAILED = "BACKEND_FAILED", Code.INTERNAL
    BACKEND_OVERLOADED = "BACKEND_OVERLOADED", Code.RESOURCE_EXHAUSTED
    BACKEND_TIMEOUT = "BACKEND_TIMEOUT", Code.DEADLINE_EXCEEDED
    BACKEND_UNAVAILABLE = "BACKEND_UNAVAILABLE", Code.UNAVAILABLE
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE", Code.INVALID_ARGUMENT
    CROSS_SITE = "CROSS_SITE", Code.PERMISSION_DENIED
    EMPTY_BATCH = "EMPTY_BATCH", Code.INVALID_ARGUMENT
    EXPLAIN_TOO_LARGE = "EXPLAIN_TOO_LARGE", Code.RESOURCE_EXHAUSTED, 413
    HEADER_TOO_LARGE = "HEADER_TOO_LARGE", Code.INVALID_ARGUMENT, 431
    HOST_NOT_ALLOWED = "HOST_NOT_ALLOWED", Code.PERMISSION_DENIED
    INTERNAL = "INTERNAL", Code.INTERNAL
    INVALID_PARAMETER = "INVALID_PARAMETER", Code.INVALID_ARGUMENT
    INVALID_TENSOR = "INVALID_TENSOR", Code.INVALID_ARGUMENT
    JSON_DUPLICATE_KEY = "JSON_DUPLICATE_KEY", Code.INVALID_ARGUMENT
    JSON_MALFORMED = "JSON_MALFORMED", Code.INVALID_ARGUMENT
    JSON_NOT_FINITE = "JSON_NOT_FINITE", Code.INVALID_ARGUMENT
    JSON_ONEOF_CONFLICT = "JSON_ONEOF_CONFLICT", Code.INVALID_ARGUMENT
    JSON_OUT_OF_RANGE = "JSON_OUT_OF_RANGE", Code.INVALID_ARGUMENT
    JSON_TOO_DEEP = "JSON_TOO_DEEP", Code.INVALID_ARGUMENT
    JSON_UNKNOWN_FIELD = "JSON_UNKNOWN_FIELD", Code.INVALID_ARGUMENT
    JSON_WRONG_TYPE = "JSON_WRONG_TYPE", Code.INVALID_ARGUMENT
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED", Code.UNIMPLEMENTED, 405
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND", Code.NOT_FOUND
    NOT_FOUND = "NOT_FOUND", Code.NOT_FOUND
    NOT_IN_BUNDLE = "NOT_IN_BUNDLE", Code.FAILED_PRECONDITION
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE", Code.RESOURCE_EXHAUSTED, 413
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT", Code.DEADLINE_EXCEEDED, 408
    SHAPE_MISMATCH = "SHAPE_MISMATCH", Code.INVALID_ARGUMENT
    STOPPING = "STOPPING", Code.UNAVAILABLE
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS", Code.UNAVAILABLE
    UNEXPECTED_BODY = "UNEXPECTED_BODY", Code.INVALID_ARGUMENT
    UNIMPLEMENTED = "UNIMPLEMENTED", Code.UNIMPLEMENTED
    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER", Code.INVALID_ARGUMENT
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE", Code.INVALID_ARGUMENT, 415


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A field at fault: its path as the caller wrote it, and the fix."""

    field: str
    description: str


@dataclass(kw_only=True)
class RestError(Exception):
    """An error of the proxy's own.

    Attributes:
        reason: Stable, for programs.
        message: One line for people: what is wrong and how to put it right.
        violations: The fields at fault.
        retry_seconds: When a retry may help, or None if it cannot.
        headers: Of the response, such as Allow.
    """

    reason: Reason
    message: str
    violations: Sequence[Violation] = ()
    retry_seconds: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message


def stopping() -> RestError:
    """Returns the error where the proxy stops before it has answered."""
    return RestError(
        reason=Reason.STOPPING, message="the proxy is stopping; try again", retry_seconds=1
    )


def head_too_large(headers: int, most_bytes: int) -> RestError:
    """Returns the error of a head, or of trailers, that are not read to their end."""
    return RestError(
        reason=Reason.HEADER_TOO_LARGE,
        message=f"the head of a request may have {headers} headers and {most_bytes} bytes in all, "
        "and so may its trailers; send fewer or shorter headers",
    )


def head_too_slow(seconds: float) -> RestError:
    """Returns the error of a head that has begun, but not ended."""
    return RestError(
        reason=Reason.REQUEST_TIMEOUT,
        message=f"the head of the request did not arrive within {seconds:g} s",
    )


def crowded() -> RestError:
    """Returns the error of a request where so many others are in work that it has to wait."""
    return RestError(
        reason=Reason.TOO_MANY_REQUESTS,
        message="the proxy is serving as many requests as it can; try again",
        retry_seconds=1,
        headers={"connection": "close"},
    )


class CallError(Exception):
    """The gRPC server refused a call.

    Args:
        status: What it said.
    """

    def __init__(self, status: Status) -> None:
        super().__init__(status.message)
        self.status = status


class ClientGoneError(Exception):
    """The caller has hung up; there is nobody to answer."""
