"""The boundary of every call: bytes in, bytes out, and every error answered properly.

Methods take bytes, so that parsing a large request happens on the worker that serves the call
and not on the one thread that accepts them all, and so that bytes which are no request answer
INVALID_ARGUMENT.
"""

import time
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from housing_grpc.base.errors import Reason, ServingError, public_error
from housing_grpc.base.log_flood import Flood
from housing_grpc.calls import failure
from housing_grpc.calls.call import Call, Method

Parse = Callable[[bytes], Any]


class Observer(Protocol):
    """Counts calls and follows them."""

    def started(self, call: Call, metadata: Any) -> None:
        """Takes note of a call, also of one that is refused at once."""

    def ended(
        self, call: Call, code: grpc.StatusCode, seconds: float, received: int, sent: int
    ) -> None:
        """Takes note of how a call ended, and of how many messages it had."""


class Boundary:
    """What every call passes, whatever its method.

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
        error = public_error(raised)
        self._rejected(error.reason)
        self.observer.ended(call, error.code, 0.0, 0, 0)
        self.fail(call, context, raised)

    def fail(self, call: Call, context: grpc.ServicerContext, raised: BaseException) -> NoReturn:
        """Ends a call with an error."""
        failure.abort(call, context, raised, self._version(), self._flood)

    def ended(self, call: Call, code: grpc.StatusCode, received: int, sent: int) -> None:
        """Takes note of how a call that was let in ended, and of how many messages it had."""
        self.observer.ended(call, code, time.perf_counter() - call.begun, received, sent)


def parser(method: Method, read: Parse | None = None) -> Parse:
    """Returns what makes a request of bytes.

    Args:
        method: Whose requests.
        read: Makes what the method takes, or raises DecodeError; without it, a message is made.
    """
    parse: Parse = read or GetMessageClass(method.descriptor.input_type).FromString
    name = method.descriptor.input_type.name

    def checked(data: bytes) -> Any:
        try:
            return parse(data)
        except DecodeError:
            raise ServingError(Reason.MALFORMED_REQUEST, f"the bytes are not a {name}") from None

    return checked
