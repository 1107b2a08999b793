"""Errors that a caller gets: each has a stable reason, each reason a code.

Anything else that is raised is the server's own fault, and reaches the caller
as INTERNAL with a fixed text.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from grpc import StatusCode

from housing_grpc.bundle.errors import BundleError

DOMAIN = "housing.v1"


class Area(Enum):
    """What a reason is about.

    Attributes:
        ADMISSION: Whether a call is let in. A metric counts these refusals by reason.
        REQUEST: What a call asks for, and whether it is still waited for.
        HOUSE: One house of a request.
        STREAM: A stream that cannot go on.
        OUTCOME: One outcome of a request.
        MODEL: Which model is live: with these a reload ends.
    """

    ADMISSION = auto()
    REQUEST = auto()
    HOUSE = auto()
    STREAM = auto()
    OUTCOME = auto()
    MODEL = auto()


FINAL = 1
"""A bundle is what it is, and would be refused again."""
DOUBTFUL = 5
"""It may be the bundle, or what was passing: a process that was killed, a key on its way."""


class Reason(StrEnum):
    """Why a call failed; the reason of google.rpc.ErrorInfo.

    Attributes:
        code: The gRPC status code that goes with it.
        area: What it is about.
        tries: After how many refusals for it a bundle is given up, or None for never.
    """

    code: StatusCode
    area: Area
    tries: int | None

    def __new__(cls, name: str, code: StatusCode, area: Area, tries: int | None = None) -> "Reason":
        """Makes one of the table's lines a member."""
        reason = str.__new__(cls, name)
        reason._value_ = name
        reason.code, reason.area, reason.tries = code, area, tries
        return reason

    BATCH_TOO_LARGE = "BATCH_TOO_LARGE", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    BUNDLE_CHECKSUM = "BUNDLE_CHECKSUM", StatusCode.DATA_LOSS, Area.MODEL
    BUNDLE_DOWNGRADE = "BUNDLE_DOWNGRADE", StatusCode.FAILED_PRECONDITION, Area.MODEL
    BUNDLE_FORMAT = "BUNDLE_FORMAT", StatusCode.FAILED_PRECONDITION, Area.MODEL, FINAL
    BUNDLE_SIGNATURE = "BUNDLE_SIGNATURE", StatusCode.FAILED_PRECONDITION, Area.MODEL, DOUBTFUL
    BUNDLE_UNSAFE = "BUNDLE_UNSAFE", StatusCode.FAILED_PRECONDITION, Area.MODEL, FINAL
    CANCELLED = "CANCELLED", StatusCode.CANCELLED, Area.REQUEST
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED", StatusCode.DEADLINE_EXCEEDED, Area.REQUEST
    EMPTY_BATCH = "EMPTY_BATCH", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    EXPLAIN_TOO_LARGE = "EXPLAIN_TOO_LARGE", StatusCode.RESOURCE_EXHAUSTED, Area.REQUEST
    FEATURE_DOMAIN = "FEATURE_DOMAIN", StatusCode.INVALID_ARGUMENT, Area.HOUSE
    FEATURE_NOT_FINITE = "FEATURE_NOT_FINITE", StatusCode.INVALID_ARGUMENT, Area.HOUSE
    FEEDBACK_OFF = "FEEDBACK_OFF", StatusCode.FAILED_PRECONDITION, Area.REQUEST
    FEEDBACK_UNAVAILABLE = "FEEDBACK_UNAVAILABLE", StatusCode.UNAVAILABLE, Area.REQUEST
    INTERNAL = "INTERNAL", StatusCode.INTERNAL, Area.MODEL
    INVALID_PARAMETER = "INVALID_PARAMETER", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    INVALID_TARGET = "INVALID_TARGET", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    INVALID_TENSOR = "INVALID_TENSOR", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    LEVEL_OUT_OF_RANGE = "LEVEL_OUT_OF_RANGE", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    MALFORMED_REQUEST = "MALFORMED_REQUEST", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    METADATA_TOO_LARGE = "METADATA_TOO_LARGE", StatusCode.RESOURCE_EXHAUSTED, Area.ADMISSION
    MODEL_NOT_FOUND = "MODEL_NOT_FOUND", StatusCode.NOT_FOUND, Area.MODEL
    MODEL_NOT_READY = "MODEL_NOT_READY", StatusCode.UNAVAILABLE, Area.MODEL
    MODEL_OUTPUT_INVALID = "MODEL_OUTPUT_INVALID", StatusCode.INTERNAL, Area.MODEL, FINAL
    MODEL_RETIRED = "MODEL_RETIRED", StatusCode.ABORTED, Area.STREAM
    NOT_IN_BUNDLE = "NOT_IN_BUNDLE", StatusCode.FAILED_PRECONDITION, Area.REQUEST
    NO_CHALLENGER = "NO_CHALLENGER", StatusCode.FAILED_PRECONDITION, Area.REQUEST, FINAL
    NO_FEATURES = "NO_FEATURES", StatusCode.INVALID_ARGUMENT, Area.HOUSE
    NO_PREVIOUS_MODEL = "NO_PREVIOUS_MODEL", StatusCode.FAILED_PRECONDITION, Area.REQUEST
    OUTCOME_DOMAIN = "OUTCOME_DOMAIN", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    OUTCOME_IN_FUTURE = "OUTCOME_IN_FUTURE", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    OUTCOME_NOT_FOUND = "OUTCOME_NOT_FOUND", StatusCode.NOT_FOUND, Area.OUTCOME
    OUTCOME_SOURCE = "OUTCOME_SOURCE", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    OUTCOME_UNIT = "OUTCOME_UNIT", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    OVERLOADED = "OVERLOADED", StatusCode.RESOURCE_EXHAUSTED, Area.ADMISSION
    PERMISSION_DENIED = "PERMISSION_DENIED", StatusCode.PERMISSION_DENIED, Area.ADMISSION
    RATE_LIMITED = "RATE_LIMITED", StatusCode.RESOURCE_EXHAUSTED, Area.ADMISSION
    RECEIPTS_OFF = "RECEIPTS_OFF", StatusCode.FAILED_PRECONDITION, Area.REQUEST
    RECEIPT_FOREIGN = "RECEIPT_FOREIGN", StatusCode.FAILED_PRECONDITION, Area.OUTCOME
    RECEIPT_FORGED = "RECEIPT_FORGED", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    RECEIPT_MALFORMED = "RECEIPT_MALFORMED", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    RECEIPT_OF_MATRIX = "RECEIPT_OF_MATRIX", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    RECEIPT_REPEATED = "RECEIPT_REPEATED", StatusCode.INVALID_ARGUMENT, Area.OUTCOME
    RECEIPT_TOO_OLD = "RECEIPT_TOO_OLD", StatusCode.FAILED_PRECONDITION, Area.OUTCOME
    REGISTRY_UNAVAILABLE = "REGISTRY_UNAVAILABLE", StatusCode.UNAVAILABLE, Area.MODEL
    RELOAD_IN_PROGRESS = "RELOAD_IN_PROGRESS", StatusCode.ABORTED, Area.MODEL
    ROLLED_BACK = "ROLLED_BACK", StatusCode.FAILED_PRECONDITION, Area.MODEL, FINAL
    SCHEMA_INCOMPATIBLE = "SCHEMA_INCOMPATIBLE", StatusCode.FAILED_PRECONDITION, Area.MODEL, FINAL
    SELF_TEST = "SELF_TEST", StatusCode.FAILED_PRECONDITION, Area.MODEL, FINAL
    SERVER_STOPPING = "SERVER_STOPPING", StatusCode.UNAVAILABLE, Area.MODEL
    SHAPE_MISMATCH = "SHAPE_MISMATCH", StatusCode.INVALID_ARGUMENT, Area.REQUEST
    SOURCE_HAS_NO_VERSIONS = "SOURCE_HAS_NO_VERSIONS", StatusCode.FAILED_PRECONDITION, Area.MODEL
    STREAM_IDLE = "STREAM_IDLE", StatusCode.DEADLINE_EXCEEDED, Area.STREAM
    STREAM_TOO_OLD = "STREAM_TOO_OLD", StatusCode.DEADLINE_EXCEEDED, Area.STREAM
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS", StatusCode.RESOURCE_EXHAUSTED, Area.ADMISSION
    TRIAL_FAILED = "TRIAL_FAILED", StatusCode.UNAVAILABLE, Area.MODEL, DOUBTFUL
    UNAUTHENTICATED = "UNAUTHENTICATED", StatusCode.UNAUTHENTICATED, Area.ADMISSION
    UNIMPLEMENTED = "UNIMPLEMENTED", StatusCode.UNIMPLEMENTED, Area.REQUEST
    UNKNOWN_FEATURE = "UNKNOWN_FEATURE", StatusCode.INVALID_ARGUMENT, Area.REQUEST


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A field at fault: its path in the request, such as "items[3].RM", and the fix."""

    field: str
    description: str


class ServingError(Exception):
    """An error that the caller gets.

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
        return self.reason.code


def public_error(raised: BaseException) -> ServingError:
    """Returns what the caller may know of an error: all of ours, nothing of others."""
    if isinstance(raised, ServingError):
        return raised
    if isinstance(raised, BundleError):
        return ServingError(Reason[raised.reason], str(raised))
    # guard: a fixed text for our own faults
    return ServingError(Reason.INTERNAL, "internal error; the server's log has it by request id")


class StartError(Exception):
    """The server cannot start; `exit_code` says why, for scripts.

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
