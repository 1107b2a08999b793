"""Decides on the thread that accepts calls whether a call may go on.

What is done here holds up every other call, so it is looking things up in memory:
the key, its role, its rate, and how long the queue is. A call that may not go on
is refused here and now, without a worker and without waiting for its message.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

import grpc

from housing_grpc.access.callers import Access
from housing_grpc.access.rate_limit import too_fast
from housing_grpc.calls.call import Call, Method, request_id_of
from housing_grpc.calls.call_end import CallEnd
from housing_grpc.calls.call_pool import InlinePool
from housing_grpc.calls.metadata_limit import Metadata, MetadataLimit

Serve = Callable[[Call], Any]
Answer = Callable[[Call, bytes, grpc.ServicerContext], bytes]


class Route:
    """How a method is served.

    Args:
        method: The method.
        serve: Makes the behaviour that grpcio runs, for one call.
        check_room: Raises a ServingError if such a call cannot be taken.
        answer: Answers a call whose request is there; None for methods that are streams.
    """

    def __init__(
        self,
        method: Method,
        serve: Serve,
        *,
        check_room: Callable[[Call], None],
        answer: Answer | None = None,
    ) -> None:
        self.method = method
        self.serve = serve
        self.check_room = check_room
        self.answer = answer


class Admission(grpc.GenericRpcHandler):
    """Lets calls through to their methods, or refuses them.

    Args:
        routes: Of all methods, by path.
        access: Who may call what.
        call_end: Ends the calls that are refused; its observer hears of every call.
        metadata_limit: How much metadata a call may have.
    """

    def __init__(
        self,
        routes: Mapping[str, Route],
        access: Access,
        call_end: CallEnd,
        *,
        metadata_limit: MetadataLimit,
    ) -> None:
        self._routes = routes
        self._metadata_limit = metadata_limit
        self._access = access
        self._call_end = call_end
        self._refusing = InlinePool(1)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Returns the handler of a call; grpcio asks with each one."""
        route = self._routes.get(details.method)
        if route is None:
            return None
        call, error = self.admit(route, details.invocation_metadata or ())
        if error is not None:
            # Both ways a stream: the library would wait for the message of a unary call.
            refusal = _Refusal(call, error, self._call_end, self._refusing)
            return grpc.stream_stream_rpc_method_handler(refusal)
        return route.serve(call)

    def admit(self, route: Route, metadata: Metadata) -> tuple[Call, BaseException | None]:
        """Returns a call, and why it may not go on, or None if it may.

        Args:
            route: Of its method.
            metadata: Of the call.
        """
        too_large = self._metadata_limit.fault(metadata)
        # Of what is too large, nothing is read.
        read = () if too_large else metadata
        call = Call(route.method, request_id_of(read), metadata=read)
        self._call_end.observer.started(call, read)
        try:
            if too_large:
                raise too_large  # noqa: TRY301 - it is answered as the others are
            call.caller = self._access.caller(route.method.path, metadata)
            # guard: the rate
            _check_rate(call)
            # guard: room in the queue
            route.check_room(call)
        except BaseException as error:  # noqa: BLE001 - else grpcio would answer UNKNOWN
            return call, error
        return call, None


class _Refusal:
    def __init__(
        self, call: Call, error: BaseException, call_end: CallEnd, pool: InlinePool
    ) -> None:
        self.experimental_thread_pool = pool  # grpcio takes a behaviour's own pool from here.
        self._call = call
        self._error = error
        self._call_end = call_end

    def __call__(self, _: Iterator[bytes], context: grpc.ServicerContext) -> NoReturn:
        self._call_end.refuse(self._call, context, self._error)


def _check_rate(call: Call) -> None:
    limit = call.caller.limit if call.caller else None
    if limit is not None and (wait := limit.take()) > 0:
        raise too_fast(wait)
