"""How a call that failed ends: a status for the caller, a line for the log."""

import logging
import uuid
from typing import NoReturn

import grpc

from housing_grpc import log, status
from housing_grpc.bundle.errors import BundleError
from housing_grpc.errors import Reason, ServingError

REQUEST_ID = "x-request-id"

_LONGEST_REQUEST_ID = 128
_logger = logging.getLogger(__name__)


def end(
    context: grpc.ServicerContext, raised: BaseException, method: str, version: str
) -> NoReturn:
    """Ends a call with what the caller may know of an error, and logs the rest.

    Args:
        context: Of the call.
        raised: A ServingError or BundleError, which is told; anything else is
            the server's own fault, told as INTERNAL and logged with its stack.
        method: Full name of the method.
        version: Of the model that serves, for the log.
    """
    error = _told(raised)
    request_id = _request_id(context)
    # A bundle that is refused is the bundle's fault, and its text says all.
    fault = raised if error.code is grpc.StatusCode.INTERNAL else None
    log.event(
        _logger,
        logging.INFO if fault is None else logging.ERROR,
        "call.failed",
        error=fault,
        method=method,
        code=error.code.name,
        reason=error.reason.value,
        request_id=request_id,
        model_version=version,
    )
    told = status.to_grpc(error)
    # Not `abort_with_status`, which drops all other trailing metadata.
    context.set_trailing_metadata((*told.trailing_metadata, (REQUEST_ID, request_id)))
    context.abort(told.code, told.details)


def _told(raised: BaseException) -> ServingError:
    if isinstance(raised, ServingError):
        return raised
    if isinstance(raised, BundleError):
        return ServingError.of_bundle(raised)
    return ServingError(Reason.INTERNAL, "internal error; the server's log has it by request id")


def _request_id(context: grpc.ServicerContext) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID and isinstance(value, str):
            text = value[:_LONGEST_REQUEST_ID]
            if text and text.isascii() and text.isprintable():
                return text
    return uuid.uuid4().hex
