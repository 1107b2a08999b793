"""One log line for each request that failed; never a value, a key or a path."""

import logging
from typing import Any

import grpc
import grpc.aio
from google.rpc.status_pb2 import Status

from housing_grpc.base import log
from housing_grpc.base.log_flood import Flood
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, ClientGoneError, Reason, RestError
from housing_grpc.rest.http.exchange import Exchange

_GONE = "CLIENT_GONE"

_logger = logging.getLogger(__name__)

_FIXED = RestError(
    reason=Reason.INTERNAL, message="internal error; the proxy's log has it by request id"
)


def public_status(error: Exception) -> Status:
    """Returns what a caller may know of an error: a fixed text if it is a fault of ours."""
    if isinstance(error, CallError):
        return error.status
    return status.of_error(error if isinstance(error, RestError) else _FIXED)


class FailureLog:
    """Logs requests that failed; of a thousand that fail alike only some.

    Args:
        processes: So many share the lines of a second.
    """

    def __init__(self, processes: int = 1) -> None:
        self._flood = Flood(processes)

    def record(self, exchange: Exchange, error: Exception) -> None:
        """Logs why a request failed, with the stack trace if it is a fault of ours."""
        gone = isinstance(error, ClientGoneError)
        answer = public_status(error)
        reason = _GONE if gone else status.reason_of(answer)
        unlogged = self._flood.unlogged(reason)
        if unlogged is None:
            return
        fault = None if gone or isinstance(error, RestError | CallError) else error
        log.event(
            _logger,
            logging.INFO if fault is None else logging.ERROR,
            "request.failed",
            error=fault,
            method=exchange.scope["method"],
            route=exchange.route,
            code="CANCELLED" if gone else status.code_name(answer),
            reason=reason,
            **exchange.log_fields(),
            **_cause(error, answer),
            **({"unlogged": unlogged} if unlogged else {}),
        )


def _cause(error: BaseException | None, answer: Status) -> dict[str, Any]:
    """Returns why the server is not reached, such as a certificate that nobody knows."""
    if status.reason_of(answer) != Reason.BACKEND_UNAVAILABLE:
        return {}
    while error is not None and not isinstance(error, grpc.aio.AioRpcError):
        error = error.__cause__ or error.__context__
    return {"cause": error.details() or ""} if error is not None else {}
