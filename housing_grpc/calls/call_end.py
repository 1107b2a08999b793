"""How a call ends: a failed one with a status for its caller and a line in the log.

The methods of every route (`unary`, `streaming`) catch whatever is raised in a call and bring it
here, as `admission` does with what it refuses.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import grpc

from housing_grpc.base import log, status
from housing_grpc.base.errors import ServingError, public_error
from housing_grpc.base.log_flood import Flood
from housing_grpc.calls.call import REQUEST_ID, Call

_logger = logging.getLogger(__name__)


class Observer(Protocol):
    """Counts calls and follows them."""

    def started(self, call: Call, metadata: Any) -> None:
        """Takes note of a call, also of one that is refused at once."""

    def ended(
        self, call: Call, code: grpc.StatusCode, seconds: float, received: int, sent: int
    ) -> None:
        """Takes note of how a call ended, and of how many messages it had."""


class CallEnd:
    """Ends calls that fail, and tells the observer how each call ended.

    Args:
        version: Returns the version of the model that serves now, for the log.
        observer: Hears of every call.
        rejected: Called with the reason of every call that is not let in.
    """

    def __init__(
        self,
        version: Callable[[], str],
        observer: Observer,
        *,
        rejected: Callable[[str], None],
    ) -> None:
        self.observer = observer
        self._version = version
        self._rejected = rejected
        self._flood = Flood()

    def refuse(self, call: Call, context: grpc.ServicerContext, raised: BaseException) -> NoReturn:
        """Ends a call that was not let in."""
        self.refused(call, public_error(raised))
        self.fail(call, context, raised)

    def refused(self, call: Call, error: ServingError) -> None:
        """Takes note of a call that is not let in."""
        self._rejected(error.reason)
        self.observer.ended(call, error.code, 0.0, 0, 0)

    def fail(self, call: Call, context: grpc.ServicerContext, raised: BaseException) -> NoReturn:
        """Ends a call with what its caller may know of an error, and logs the rest."""
        answer = status.to_grpc(self.failed(call, raised))
        # Not `abort_with_status`, which drops all other trailing metadata.
        context.set_trailing_metadata((*answer.trailing_metadata, (REQUEST_ID, call.identified())))
        context.abort(answer.code, answer.details)

    def failed(self, call: Call, raised: BaseException) -> ServingError:
        """Returns what a caller may know of an error, and logs the rest."""
        error = public_error(raised)
        # A bundle that is refused is the bundle's fault, and its text says all.
        fault = raised if error.code is grpc.StatusCode.INTERNAL else None
        unlogged = self._flood.unlogged(error.reason.value)
        if unlogged is not None:
            _log(call, error, fault, self._version(), unlogged)
        return error

    def ended(self, call: Call, code: grpc.StatusCode, received: int, sent: int) -> None:
        """Takes note of how a call that was let in ended, and of how many messages it had."""
        self.observer.ended(call, code, time.perf_counter() - call.begun, received, sent)


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
        **call.trace_ids(),
        **more,
    )
