"""How a call that failed ends: a status for the caller, a line for the log."""

import logging
from typing import NoReturn

import grpc

from housing_grpc.base import log, status
from housing_grpc.base.errors import ServingError, public_error
from housing_grpc.base.log_flood import Flood
from housing_grpc.calls.call import REQUEST_ID, Call

_logger = logging.getLogger(__name__)


def abort(
    call: Call,
    context: grpc.ServicerContext,
    raised: BaseException,
    version: str,
    flood: Flood,
) -> NoReturn:
    """Ends a call with what the caller may know of an error, and logs the rest.

    Args:
        call: The call.
        context: Its context.
        raised: The error.
        version: Of the model that serves, for the log.
        flood: Of the lines that come by the thousand.
    """
    error = public_error(raised)
    # A bundle that is refused is the bundle's fault, and its text says all.
    fault = raised if error.code is grpc.StatusCode.INTERNAL else None
    unlogged = flood.unlogged(error.reason.value)
    if unlogged is not None:
        _log(call, error, fault, version, unlogged)
    answer = status.to_grpc(error)
    # Not `abort_with_status`, which drops all other trailing metadata.
    context.set_trailing_metadata((*answer.trailing_metadata, (REQUEST_ID, call.identified())))
    context.abort(answer.code, answer.details)


def _log(
    call: Call, error: ServingError, fault: BaseException | None, version: str, unlogged: int
) -> None:
    more: dict[str, object] = {"unlogged": unlogged} if unlogged else {}
    if call.caller is not None and call.caller.name:
        more["caller"] = call.caller.name
    log.event(
        _logger,
        logging.INFO if fault is None else logging.ERROR,
        "call.failed",
        error=fault,
        method=call.method.full_name,
        code=error.code.name,
        reason=error.reason.value,
        request_id=call.identified(),
        model_version=version,
        **more,
    )
