"""Errors that the proxy itself answers with: each reason, its gRPC code and HTTP status.

What the gRPC server refuses keeps the server's own reason; see status.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from google.rpc.code_pb2 import Code


class Reason(StrEnum):
    """Why a request failed here; the reason of google.rpc.ErrorInfo."""

    BACKEND_FAILED = "BACKEND_FAILED"
    BACKEND_OVERLOADED = "BACKEND_OVERLOADED"
    BACKEND_TIMEOUT = "BACKEND_TIMEOUT"
    BACKEND_UNAVAILABLE = "BACKEND_UNAVAILABLE"
    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    CROSS_SITE = "CROSS_SITE"
    HEADER_TOO_LARGE = "HEADER_TOO_LARGE"
    HOST_NOT_ALLOWED = "HOST_NOT_ALLOWED"
    INTERNAL = "INTERNAL"
    INVALID_PARAMETER = "INVALID_PARAMETER"
    JSON_DUPLICATE_KEY = "JSON_DUPLICATE_KEY"
    JSON_MALFORMED = "JSON_MALFORMED"
    JSON_NOT_FINITE = "JSON_NOT_FINITE"
    JSON_ONEOF_CONFLICT = "JSON_ONEOF_CONFLICT"
    JSON_OUT_OF_RANGE = "JSON_OUT_OF_RANGE"
    JSON_TOO_DEEP = "JSON_TOO_DEEP"
    JSON_UNKNOWN_FIELD = "JSON_UNKNOWN_FIELD"
    JSON_WRONG_TYPE = "JSON_WRONG_TYPE"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    STOPPING = "STOPPING"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    UNEXPECTED_BODY = "UNEXPECTED_BODY"
    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"


# The HTTP status is the code's own (status.HTTP_STATUS) but for these.
HTTP_STATUS: dict[Reason, int] = {
    Reason.METHOD_NOT_ALLOWED: 405,
    Reason.REQUEST_TIMEOUT: 408,
    Reason.PAYLOAD_TOO_LARGE: 413,
    Reason.UNSUPPORTED_MEDIA_TYPE: 415,
    Reason.HEADER_TOO_LARGE: 431,
}

CODES: dict[Reason, int] = {
    **dict.fromkeys(Reason, Code.INVALID_ARGUMENT),
    Reason.BACKEND_FAILED: Code.INTERNAL,
    Reason.BACKEND_OVERLOADED: Code.RESOURCE_EXHAUSTED,
    Reason.BACKEND_TIMEOUT: Code.DEADLINE_EXCEEDED,
    Reason.BACKEND_UNAVAILABLE: Code.UNAVAILABLE,
    Reason.CROSS_SITE: Code.PERMISSION_DENIED,
    Reason.HOST_NOT_ALLOWED: Code.PERMISSION_DENIED,
    Reason.INTERNAL: Code.INTERNAL,
    Reason.METHOD_NOT_ALLOWED: Code.UNIMPLEMENTED,
    Reason.NOT_FOUND: Code.NOT_FOUND,
    Reason.PAYLOAD_TOO_LARGE: Code.RESOURCE_EXHAUSTED,
    Reason.REQUEST_TIMEOUT: Code.DEADLINE_EXCEEDED,
    Reason.STOPPING: Code.UNAVAILABLE,
    Reason.TOO_MANY_REQUESTS: Code.UNAVAILABLE,
}


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
    """Returns what is told where the proxy stops before it has answered."""
    return RestError(
        reason=Reason.STOPPING, message="the proxy is stopping; try again", retry_seconds=1
    )


def head_too_large(headers: int, most_bytes: int) -> RestError:
    """Returns what is told of a head, or of trailers, that are not read to their end."""
    return RestError(
        reason=Reason.HEADER_TOO_LARGE,
        message=f"the head of a request may have {headers} headers and {most_bytes} bytes in all, "
        "and so may its trailers; send fewer or shorter headers",
    )


def head_too_slow(seconds: float) -> RestError:
    """Returns what is told of a head that has begun, but not ended."""
    return RestError(
        reason=Reason.REQUEST_TIMEOUT,
        message=f"the head of the request did not arrive within {seconds:g} s",
    )


def crowded() -> RestError:
    """Returns what is told of a request where so many others are in work that it has to wait."""
    return RestError(
        reason=Reason.TOO_MANY_REQUESTS,
        message="the proxy has all the requests in work that it takes at a time; try again",
        retry_seconds=1,
        headers={"connection": "close"},
    )


class ClientGoneError(Exception):
    """The caller has hung up; there is nobody to answer."""
