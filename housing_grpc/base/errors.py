"""Errors that a caller is told about: each has a stable reason, each reason a code.

Anything else that is raised is the server's own fault, and reaches the caller
as INTERNAL with a fixed text.
"""

from dataclasses import dataclass
from enum import StrEnum

from grpc import StatusCode

from housing_grpc.bundle.errors import BundleError

DOMAIN = "housing.v1"


class Reason(StrEnum):
    """Why a call failed; the reason of google.rpc.ErrorInfo."""

    BATCH_TOO_LARGE = "BATCH_TOO_LARGE"
    BUNDLE_CHECKSUM = "BUNDLE_CHECKSUM"
    BUNDLE_FORMAT = "BUNDLE_FORMAT"
    BUNDLE_SIGNATURE = "BUNDLE_SIGNATURE"
    BUNDLE_UNSAFE = "BUNDLE_UNSAFE"
    CANCELLED = "CANCELLED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    EMPTY_BATCH = "EMPTY_BATCH"
    FEATURE_DOMAIN = "FEATURE_DOMAIN"
    FEATURE_NOT_FINITE = "FEATURE_NOT_FINITE"
    INTERNAL = "INTERNAL"
    INVALID_TARGET = "INVALID_TARGET"
    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    METADATA_TOO_LARGE = "METADATA_TOO_LARGE"
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
    MODEL_NOT_READY = "MODEL_NOT_READY"
    MODEL_OUTPUT_INVALID = "MODEL_OUTPUT_INVALID"
    MODEL_RETIRED = "MODEL_RETIRED"
    NO_FEATURES = "NO_FEATURES"
    OVERLOADED = "OVERLOADED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    RATE_LIMITED = "RATE_LIMITED"
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE"
    RELOAD_IN_PROGRESS = "RELOAD_IN_PROGRESS"
    SCHEMA_INCOMPATIBLE = "SCHEMA_INCOMPATIBLE"
    SELF_TEST = "SELF_TEST"
    SERVER_STOPPING = "SERVER_STOPPING"
    SHAPE_MISMATCH = "SHAPE_MISMATCH"
    SOURCE_HAS_NO_VERSIONS = "SOURCE_HAS_NO_VERSIONS"
    STREAM_IDLE = "STREAM_IDLE"
    STREAM_TOO_OLD = "STREAM_TOO_OLD"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    UNKNOWN_FEATURE = "UNKNOWN_FEATURE"


CODES: dict[Reason, StatusCode] = {
    Reason.BATCH_TOO_LARGE: StatusCode.INVALID_ARGUMENT,
    Reason.BUNDLE_CHECKSUM: StatusCode.DATA_LOSS,
    Reason.BUNDLE_FORMAT: StatusCode.FAILED_PRECONDITION,
    Reason.BUNDLE_SIGNATURE: StatusCode.FAILED_PRECONDITION,
    Reason.BUNDLE_UNSAFE: StatusCode.FAILED_PRECONDITION,
    Reason.CANCELLED: StatusCode.CANCELLED,
    Reason.DEADLINE_EXCEEDED: StatusCode.DEADLINE_EXCEEDED,
    Reason.EMPTY_BATCH: StatusCode.INVALID_ARGUMENT,
    Reason.FEATURE_DOMAIN: StatusCode.INVALID_ARGUMENT,
    Reason.FEATURE_NOT_FINITE: StatusCode.INVALID_ARGUMENT,
    Reason.INTERNAL: StatusCode.INTERNAL,
    Reason.INVALID_TARGET: StatusCode.INVALID_ARGUMENT,
    Reason.MALFORMED_REQUEST: StatusCode.INVALID_ARGUMENT,
    Reason.METADATA_TOO_LARGE: StatusCode.RESOURCE_EXHAUSTED,
    Reason.MODEL_NOT_FOUND: StatusCode.NOT_FOUND,
    Reason.MODEL_NOT_READY: StatusCode.UNAVAILABLE,
    Reason.MODEL_OUTPUT_INVALID: StatusCode.INTERNAL,
    Reason.MODEL_RETIRED: StatusCode.ABORTED,
    Reason.NO_FEATURES: StatusCode.INVALID_ARGUMENT,
    Reason.OVERLOADED: StatusCode.RESOURCE_EXHAUSTED,
    Reason.PERMISSION_DENIED: StatusCode.PERMISSION_DENIED,
    Reason.RATE_LIMITED: StatusCode.RESOURCE_EXHAUSTED,
    Reason.REGISTRY_UNAVAILABLE: StatusCode.UNAVAILABLE,
    Reason.RELOAD_IN_PROGRESS: StatusCode.ABORTED,
    Reason.SCHEMA_INCOMPATIBLE: StatusCode.FAILED_PRECONDITION,
    Reason.SELF_TEST: StatusCode.FAILED_PRECONDITION,
    Reason.SERVER_STOPPING: StatusCode.UNAVAILABLE,
    Reason.SHAPE_MISMATCH: StatusCode.INVALID_ARGUMENT,
    Reason.SOURCE_HAS_NO_VERSIONS: StatusCode.FAILED_PRECONDITION,
    Reason.STREAM_IDLE: StatusCode.DEADLINE_EXCEEDED,
    Reason.STREAM_TOO_OLD: StatusCode.DEADLINE_EXCEEDED,
    Reason.TOO_MANY_STREAMS: StatusCode.RESOURCE_EXHAUSTED,
    Reason.UNAUTHENTICATED: StatusCode.UNAUTHENTICATED,
    Reason.UNKNOWN_FEATURE: StatusCode.INVALID_ARGUMENT,
}


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A field at fault: its path in the request, such as "items[3].RM", and the fix."""

    field: str
    description: str


class ServingError(Exception):
    """An error that the caller is told about.

    Args:
        reason: Stable, for programs.
        message: One line for people: what is wrong and how to put it right.
        violations: The fields at fault.
        retry_seconds: When a retry may help, or None if it cannot.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        violations: tuple[Violation, ...] = (),
        retry_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.violations = violations
        self.retry_seconds = retry_seconds

    @property
    def code(self) -> StatusCode:
        """The gRPC status code of the reason."""
        return CODES[self.reason]

    @classmethod
    def of_bundle(cls, error: BundleError) -> "ServingError":
        """Returns what the caller is told of a bundle that cannot be used."""
        return cls(Reason(error.reason), str(error))


class StartError(Exception):
    """The server cannot start; `exit_code` tells scripts why.

    Args:
        message: One line for people.
        exit_code: See EXIT_* in this module.
    """

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


EXIT_SETTINGS = 2
EXIT_PORT = 3
EXIT_MODEL = 4
