"""gRPC status codes as metrics name them."""

import grpc

# By number; the spelling is that of the gRPC ecosystem's metrics, "Canceled" included.
CODES: tuple[str, ...] = (
    "OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound",
    "AlreadyExists", "PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted",
    "OutOfRange", "Unimplemented", "Internal", "Unavailable", "DataLoss", "Unauthenticated",
)  # fmt: skip

_NUMBERS: dict[grpc.StatusCode, int] = {code: code.value[0] for code in grpc.StatusCode}

OK = _NUMBERS[grpc.StatusCode.OK]


def number(code: grpc.StatusCode) -> int:
    """Returns the number of a status code."""
    return _NUMBERS[code]
