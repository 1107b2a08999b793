"""Examples of errors: one for each HTTP status, made as the server and the proxy make theirs."""

from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.rpc.status_pb2 import Status

from housing_grpc.base import errors as serving
from housing_grpc.base.errors import ServingError
from housing_grpc.base.status import to_proto
from housing_grpc.rest.http import errors as rest
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.reader import Readers

Tree = dict[str, Any]


def of(code: int) -> Tree:
    """Returns the example of an HTTP status.

    Raises:
        KeyError: There is none.
    """
    return _all()[code]


def of_misspelling(kind: Descriptor, example: Tree) -> Tree:
    """Returns the error of a body in which a name lacks its last letter.

    Args:
        kind: Message that the body holds.
        example: A body that is right.
    """
    *right, last = example.items()
    try:
        Readers(len(example)).message(kind)({**dict(right), last[0][:-1]: last[1]})
    except FaultError as error:
        return status.body(status.of_error(error.to_error()))
    raise AssertionError(f"{last[0][:-1]} is a name here")


@cache
def _all() -> dict[int, Tree]:
    return {status.http_status(each): status.body(each) for each in _statuses()}


def _statuses() -> list[Status]:
    reason = serving.Reason
    of_server = [
        ServingError(
            reason.UNAUTHENTICATED,
            "send one valid key as 'x-api-key', or as 'authorization: Bearer KEY'",
        ),
        ServingError(
            reason.PERMISSION_DENIED, "the key's role is 'predict'; this method takes 'admin'"
        ),
        ServingError(
            reason.MODEL_NOT_FOUND,
            "model 'housing-price-model' has no version 7; "
            "`housing-admin models` lists what there is",
        ),
        ServingError(reason.RELOAD_IN_PROGRESS, "another reload is running", retry_seconds=1),
        ServingError(
            reason.RATE_LIMITED,
            "this key has reached its rate limit; wait before the next call",
            retry_seconds=0.4,
        ),
        ServingError(reason.CANCELLED, "the call was cancelled"),
        ServingError(reason.INTERNAL, "internal error; the server's log has it by request id"),
    ]
    of_proxy = [
        _refused(
            rest.Reason.UNKNOWN_PARAMETER, "verbose is not a parameter here; there are none",
            rest.Violation(field="verbose", description="is not a parameter here; there are none"),
        ),
        _refused(rest.Reason.REQUEST_TIMEOUT, "the body did not arrive within 90 s"),
        _refused(
            rest.Reason.PAYLOAD_TOO_LARGE,
            "the body is larger than 1048576 bytes; send it in parts, or as a stream",
        ),
        _refused(
            rest.Reason.UNSUPPORTED_MEDIA_TYPE,
            "send Content-Type: application/json, not text/plain",
        ),
        _refused(
            rest.Reason.HEADER_TOO_LARGE,
            "X-API-Key, Authorization, traceparent and tracestate may hold 4096 bytes together",
        ),
        RestError(
            reason=rest.Reason.BACKEND_UNAVAILABLE,
            message="the gRPC server does not answer; try again",
            retry_seconds=1,
        ),
        _refused(rest.Reason.BACKEND_TIMEOUT, "the gRPC server did not answer in time"),
    ]  # fmt: skip
    return [*map(to_proto, of_server), *map(status.of_error, of_proxy)]


def _refused(reason: rest.Reason, message: str, *violations: rest.Violation) -> RestError:
    return RestError(reason=reason, message=message, violations=violations)
