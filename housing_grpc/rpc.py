"""The boundary of every call: bytes in, bytes out, and every error told properly.

Methods take bytes, so that parsing happens on the worker that serves the call
and not on the one thread that accepts them all, and so that bytes which are no
request answer INVALID_ARGUMENT. Unary calls are served as streams of one message:
the library would wait for that message where nothing could end the wait.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from housing_grpc import failure
from housing_grpc.bounds import RowBound
from housing_grpc.call import REQUEST_ID, Call, Method
from housing_grpc.errors import Reason, ServingError
from housing_grpc.pool import CallPool
from housing_grpc.ratelimit import RateLimit, too_fast

Parse = Callable[[bytes], Any]
ServeUnary = Callable[[Any, grpc.ServicerContext], Message]
ServeStream = Callable[[Iterator[Any], grpc.ServicerContext], Iterator[Message]]

# Clients take a longer silence for a broken connection.
_LONGEST_WAIT_SECONDS = 5.0
_OK = grpc.StatusCode.OK


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
        observer: Told of every call.
        rejected: Told the reason of every call that is not let in.
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

    def refuse(self, call: Call, context: grpc.ServicerContext, raised: BaseException) -> NoReturn:
        """Ends a call that was not let in."""
        told = failure.told(raised)
        self._rejected(told.reason)
        self.observer.ended(call, told.code, 0.0, 0, 0)
        self.fail(call, context, raised)

    def fail(self, call: Call, context: grpc.ServicerContext, raised: BaseException) -> NoReturn:
        """Ends a call with an error."""
        failure.end(call, context, raised, self._version())


class UnaryMethod:
    """Serves a method of one request and one response.

    Args:
        method: The method.
        serve: Answers a request.
        pool: Runs the calls.
        boundary: What they pass.
        bound: Of the houses in a request.
    """

    def __init__(
        self,
        method: Method,
        serve: ServeUnary,
        pool: CallPool,
        boundary: Boundary,
        bound: RowBound | None = None,
    ) -> None:
        self._parse = _parser(method, bound)
        self._serve = serve
        self._pool = pool
        self._boundary = boundary

    def handler(self, call: Call) -> Any:
        """Returns what grpcio runs for one call."""
        behaviour = _Behaviour(self._answer, call, self._pool)
        return grpc.stream_unary_rpc_method_handler(behaviour)

    def _answer(
        self, call: Call, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> bytes:
        code, received, sent = _OK, 0, 0
        try:
            data = self._receive(messages, context)
            received = 1
            # Not whether it was cancelled: to ask that costs more than a price.
            _check_deadline(context)
            answer = self._serve(self._parse(data), context).SerializeToString()
            if call.request_id:
                context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
            sent = 1
        except BaseException as raised:  # noqa: BLE001 - SystemExit, too: the call would hang
            code = failure.told(raised).code
            self._boundary.fail(call, context, raised)
        finally:
            seconds = time.perf_counter() - call.begun
            self._boundary.observer.ended(call, code, seconds, received, sent)
        return answer

    def _receive(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            data: bytes = self._pool.receive(messages, context)
        except StopIteration:
            raise ServingError(
                Reason.MALFORMED_REQUEST, "the call ended without a request"
            ) from None
        except grpc.RpcError:
            raise ServingError(
                Reason.CANCELLED, "the call was cancelled before its request came"
            ) from None
        return data


class StreamMethod:
    """Serves a method of many requests and many responses.

    Args:
        method: The method.
        serve: Answers the requests.
        pool: Runs the calls.
        boundary: What they pass.
        bound: Of the houses in a request.
    """

    def __init__(
        self,
        method: Method,
        serve: ServeStream,
        pool: ThreadPoolExecutor,
        boundary: Boundary,
        bound: RowBound | None = None,
    ) -> None:
        self._parse = _parser(method, bound)
        self._serve = serve
        self._pool = pool
        self._boundary = boundary

    def handler(self, call: Call) -> Any:
        """Returns what grpcio runs for one call."""
        behaviour = _Behaviour(self._answer, call, self._pool)
        return grpc.stream_stream_rpc_method_handler(behaviour)

    def _answer(
        self, call: Call, messages: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        counted = _Counted(messages, self._parse, call)
        code, sent = _OK, 0
        if call.request_id:
            context.set_trailing_metadata(((REQUEST_ID, call.request_id),))
        try:
            for answer in self._serve(counted, context):
                yield answer.SerializeToString()
                sent += 1
        except (GeneratorExit, grpc.RpcError):
            # The caller is gone: there is nobody to tell.
            code = _gone(context)
        except BaseException as raised:  # noqa: BLE001 - as above
            code = failure.told(raised).code
            self._boundary.fail(call, context, raised)
        finally:
            seconds = time.perf_counter() - call.begun
            self._boundary.observer.ended(call, code, seconds, counted.count, sent)


def check_active(context: grpc.ServicerContext) -> None:
    """Ends a call that nobody waits for any more.

    Raises:
        ServingError: The deadline has passed, or the caller has cancelled.
    """
    _check_deadline(context)
    if not context.is_active():
        raise ServingError(Reason.CANCELLED, "the call was cancelled")


def _check_deadline(context: grpc.ServicerContext) -> None:
    if context.time_remaining() <= 0:
        raise ServingError(Reason.DEADLINE_EXCEEDED, "the deadline passed")


class _Behaviour:
    """What grpcio calls; it takes a behaviour's own pool from the attribute."""

    __slots__ = ("_answer", "_call", "experimental_thread_pool")

    def __init__(self, answer: Callable[..., Any], call: Call, pool: ThreadPoolExecutor) -> None:
        self._answer = answer
        self._call = call
        self.experimental_thread_pool = pool

    def __call__(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
        return self._answer(self._call, messages, context)


class _Counted:
    """The requests of a stream, parsed and counted, no faster than the caller may send them."""

    def __init__(self, messages: Iterator[bytes], parse: Parse, call: Call) -> None:
        self.count = 0
        self._messages = messages
        self._parse = parse
        self._limit = call.caller.limit if call.caller else None

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> Any:
        data = next(self._messages)
        if self.count and self._limit is not None:  # The first was counted with the call.
            _wait_for(self._limit)
        self.count += 1
        return self._parse(data)


def _wait_for(limit: RateLimit) -> None:
    """Holds a stream back until its key may send more, unless that takes too long."""
    while (wait := limit.take()) > 0:
        if wait > _LONGEST_WAIT_SECONDS:
            raise too_fast(wait)
        time.sleep(wait)


def _gone(context: grpc.ServicerContext) -> grpc.StatusCode:
    late = context.time_remaining() <= 0
    return grpc.StatusCode.DEADLINE_EXCEEDED if late else grpc.StatusCode.CANCELLED


def _parser(method: Method, bound: RowBound | None) -> Parse:
    parse: Parse = GetMessageClass(method.descriptor.input_type).FromString
    name = method.descriptor.input_type.name

    def checked(data: bytes) -> Any:
        try:
            if bound is not None:
                if (plain := bound.read(data, bound.most)) is not None:
                    return plain
                bound.check(data)
            return parse(data)
        except DecodeError:
            raise ServingError(Reason.MALFORMED_REQUEST, f"the bytes are not a {name}") from None

    return checked
