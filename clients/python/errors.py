"""What can go wrong, as exceptions.

HousingError
├── InvalidArgumentError       the request is wrong; the violations say where
├── UnauthenticatedError       the API key is missing or unknown
├── PermissionDeniedError      the key may not do this
├── NotFoundError              there is no such model version or alias
├── FailedPreconditionError    the model cannot be served
│   └── ModelChangedError      a pinned job met another model after a resume
├── AbortedError               another reload is running
├── ResourceExhaustedError     the server has all the work that it takes
│   └── RateLimitedError       the key calls more often than it may
├── DeadlineExceededError      no answer in time
├── UnavailableError           no server there, or one that is starting or stopping
├── DataLossError              a file of the model is damaged
├── UnimplementedError         the server does not know the call
├── CallCancelledError         the call was cancelled
└── ServerFaultError           the server's own fault
"""

from dataclasses import dataclass

from grpc import StatusCode


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldViolation:
    """A field at fault: its path, such as "house.RM", and what to do about it."""

    field: str
    description: str


class HousingError(Exception):
    """A call that failed.

    Attributes:
        code: Of gRPC.
        reason: A stable name, such as "FEATURE_DOMAIN"; empty if the server gave none.
        message: One line for people.
        violations: The fields at fault.
        retry_after: Seconds after which another try may succeed, if the server said so.
        request_id: By which the server's log knows the call; empty if it gave none.
    """

    code = StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        *,
        code: StatusCode | None = None,
        reason: str = "",
        violations: tuple[FieldViolation, ...] = (),
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.reason = reason
        self.violations = violations
        self.retry_after = retry_after
        self.request_id = request_id

    def __str__(self) -> str:
        names = dict.fromkeys(filter(None, (self.code.name, self.reason)))
        advice = f"; {self.advice}" if self.advice else ""
        return f"{self.message}{advice} [{', '.join(names)}]"

    @property
    def advice(self) -> str:
        """What the caller can do, where the message does not say so; else empty."""
        return ""


class InvalidArgumentError(HousingError):
    """The request is wrong; the violations say where."""

    code = StatusCode.INVALID_ARGUMENT

    @property
    def advice(self) -> str:
        """What to say for another size of message."""
        if self.reason == "BATCH_TOO_LARGE" and self.message.startswith(("matrix", "rows")):
            return "give chunk_rows=… (to the command: --chunk-rows N)"
        return ""

    def inside(self, path: str) -> "InvalidArgumentError":
        """Returns the error of a house as one of the request that holds it.

        Args:
            path: Where the house stands in the request, such as "house".
        """
        violations = tuple(
            FieldViolation(
                field=path if each.field == path else f"{path}.{each.field}",
                description=each.description,
            )
            for each in self.violations
        )
        texts = [f"{each.field} {each.description}" for each in violations]
        return InvalidArgumentError(
            "; ".join(texts) if texts else f"{path}: {self.message}",
            reason=self.reason,
            violations=violations,
        )


class UnauthenticatedError(HousingError):
    """The API key is missing or unknown."""

    code = StatusCode.UNAUTHENTICATED

    @property
    def advice(self) -> str:
        """Where to give the key."""
        return "give api_key=… (to the command: HOUSING_API_KEY or --api-key-file)"


class PermissionDeniedError(HousingError):
    """The key may not do this."""

    code = StatusCode.PERMISSION_DENIED

    @property
    def advice(self) -> str:
        """Which key to give."""
        return "give api_key=… of a role that may do this"


class NotFoundError(HousingError):
    """There is no such model version or alias."""

    code = StatusCode.NOT_FOUND


class FailedPreconditionError(HousingError):
    """The model cannot be served."""

    code = StatusCode.FAILED_PRECONDITION


class ModelChangedError(FailedPreconditionError):
    """A pinned job met another model after a resume."""


class AbortedError(HousingError):
    """Another reload is running."""

    code = StatusCode.ABORTED


class ResourceExhaustedError(HousingError):
    """The server has all the work that it takes, or the message is too large."""

    code = StatusCode.RESOURCE_EXHAUSTED

    @property
    def advice(self) -> str:
        """When to come back, if the server said so, or how to send less at a time."""
        if self.reason == "EXPLAIN_TOO_LARGE":
            return "to score, give chunk_rows=…"
        if "message larger than max" in self.message:
            return "send fewer houses in a message: chunk_rows=… (to the command: --chunk-rows N)"
        return "" if self.retry_after is None else f"try again in {self.retry_after:g} s"


class RateLimitedError(ResourceExhaustedError):
    """The key calls more often than it may; `retry_after` says when it may again."""


class DeadlineExceededError(HousingError):
    """No answer in time."""

    code = StatusCode.DEADLINE_EXCEEDED


class UnavailableError(HousingError):
    """No server there, or one that is starting or stopping."""

    code = StatusCode.UNAVAILABLE

    @property
    def advice(self) -> str:
        """What to look at, if no server said anything."""
        return "" if self.reason else "is a server there, and does it use TLS where you do?"


class DataLossError(HousingError):
    """A file of the model is damaged."""

    code = StatusCode.DATA_LOSS


class UnimplementedError(HousingError):
    """The server does not know the call."""

    code = StatusCode.UNIMPLEMENTED

    @property
    def advice(self) -> str:
        """What such a server is."""
        return "" if self.reason else "the server is of an older release, or no such server"


class CallCancelledError(HousingError):
    """The call was cancelled."""

    code = StatusCode.CANCELLED


class ServerFaultError(HousingError):
    """The server's own fault: INTERNAL, UNKNOWN and whatever else has no class here."""

    code = StatusCode.INTERNAL


BY_CODE: dict[StatusCode, type[HousingError]] = {
    kind.code: kind
    for kind in (
        InvalidArgumentError,
        UnauthenticatedError,
        PermissionDeniedError,
        NotFoundError,
        FailedPreconditionError,
        AbortedError,
        ResourceExhaustedError,
        DeadlineExceededError,
        UnavailableError,
        DataLossError,
        UnimplementedError,
        CallCancelledError,
    )
}

# Finer than by code.
BY_REASON: dict[str, type[HousingError]] = {"RATE_LIMITED": RateLimitedError}
