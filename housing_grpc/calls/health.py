"""Tells probes whether a model serves: the standard gRPC health service."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2

from housing_grpc.calls import grpcio_internals
from housing_grpc.calls.call_pool import CallPool, on_pool

SERVICE = health.SERVICE_NAME

_pb2: Any = health_pb2  # The stubs know no List.
_asked = _pb2.HealthCheckRequest.FromString
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# Each takes some 10 KB. Of more, the oldest is ended.
_MOST_WATCHES = 1024
# A probe that sends no message is ended then.
_PATIENCE_SECONDS = 5.0
# Of such probes, each of which may have sent all but the end of a message of the largest size.
_MOST_WAITING = 64

# A name that no service has: its watchers hear so.
_UNKNOWN = "?"


class Health:
    """Health of the server ("") and of each of its services, NOT_SERVING at first.

    Args:
        services: Full names of the services.
        threadless_waits: As of the pool.
    """

    def __init__(self, services: Sequence[str], *, threadless_waits: bool) -> None:
        self._names = (health.OVERALL_HEALTH, *services)
        # A pool of its own: probes are answered even if every worker is busy.
        self.pool = CallPool(
            1,
            patience_seconds=_PATIENCE_SECONDS,
            name="health",
            threadless_waits=threadless_waits,
            most_waiting=_MOST_WAITING,
        )
        self._servicer = health.HealthServicer()
        self._watches: dict[_Watch, None] = {}
        self._changing = threading.Lock()
        self._live = False
        self._stuck = False
        self._stopping = False
        self._tell()

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns what makes a server answer probes."""
        # As streams: the library would wait for a unary call's message without end.
        one, many = grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        check = on_pool(self._answer, self.pool, self._servicer.Check, _asked)
        listed = on_pool(self._answer, self.pool, self._list, _pb2.HealthListRequest.FromString)
        watch = on_pool(self._watch, self.pool, non_blocking=True)
        serialized = _pb2.HealthCheckResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": one(check, None, serialized),
                "List": one(listed, None, _pb2.HealthListResponse.SerializeToString),
                "Watch": many(watch, None, None),
            },
        )

    def is_serving(self) -> bool:
        """Returns whether a model serves."""
        return self._live and not self._stuck and not self._stopping

    def serving(self) -> None:
        """Tells probes and watchers that a model serves, unless its evaluations are stuck."""
        with self._changing:
            self._live = True
            self._tell()

    def stuck(self, stuck: bool) -> None:
        """Tells probes and watchers whether evaluations of the model never end."""
        with self._changing:
            self._stuck = stuck
            self._tell()

    def stopping(self) -> None:
        """Tells probes and watchers, for good, that no more calls are wanted."""
        self._stopping = True
        self._servicer.enter_graceful_shutdown()

    def end_watches(self) -> None:
        """Ends all watches: they would last as long as the server lets calls finish."""
        for watch in tuple(self._watches):
            watch.send(None)

    def close(self) -> None:
        """Ends the threads that answer probes."""
        self.pool.shutdown(wait=False)

    def _tell(self) -> None:
        state = _SERVING if self._live and not self._stuck else _NOT_SERVING
        for name in self._names:
            self._servicer.set(name, state)

    def _answer(
        self,
        serve: Callable[..., Any],
        parse: Callable[[bytes], Any],
        messages: Iterator[bytes],
        context: grpc.ServicerContext,
    ) -> Any:
        answer = serve(self._request(messages, context, parse), context)
        self.pool.watch_answer(context)
        return answer

    def _list(self, _: Any, context: grpc.ServicerContext) -> Any:
        request = health_pb2.HealthCheckRequest
        return _pb2.HealthListResponse(
            statuses={
                name: self._servicer.Check(request(service=name), context) for name in self._names
            }
        )

    def _watch(
        self,
        messages: Iterator[bytes],
        context: grpc.ServicerContext,
        send_response_callback: Callable[[bytes | None], None],
    ) -> None:
        request = self._request(messages, context, _asked)
        if request.service not in self._names:
            # The library would keep any name for good.
            # guard: names that no service has
            request.service = _UNKNOWN
        watch = _Watch(
            messages, context, send_response_callback, threadless=self.pool.threadless_waits
        )
        if len(self._watches) >= _MOST_WATCHES:
            # In one go: others end meanwhile, on another thread.
            oldest, *_ = tuple(self._watches)
            self._watches.pop(oldest, None)
            oldest.cancel()
        self._watches[watch] = None
        context.add_callback(partial(self._watches.pop, watch, None))
        self._servicer.Watch(request, context, watch.send)

    def _request(
        self,
        messages: Iterator[bytes],
        context: grpc.ServicerContext,
        parse: Callable[[bytes], Any],
    ) -> Any:
        try:
            return parse(self.pool.receive(messages, context))
        except StopIteration:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the call ended without a request")
        except DecodeError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no such request")


class _Watch:
    """Tells one watcher the latest state, as fast as it listens and no faster.

    The library sends while it holds its lock: a watcher that does not listen would keep all
    others, and the server itself, from changing a state.

    Args:
        messages: The call's requests.
        context: The call's.
        send: What grpcio gave to answer with; with None, it ends the call.
        threadless: Whether to send without waiting until that is taken.
    """

    def __init__(
        self,
        messages: Iterator[bytes],
        context: grpc.ServicerContext,
        send: Callable[[bytes | None], None],
        *,
        threadless: bool,
    ) -> None:
        self._threadless = threadless
        self._messages = messages
        self._context = context
        self._send = send
        self._lock = threading.Lock()
        self._sending = False
        self._latest: bytes | None = None
        self._ending = False

    def send(self, state: health_pb2.HealthCheckResponse | None) -> None:
        """Tells a state when the one before has been taken, or ends the call."""
        with self._lock:
            if state is None:
                self._ending = True
            else:
                self._latest = state.SerializeToString()
            if self._sending:
                return
            self._sending = True
        self._go_on()

    def cancel(self) -> None:
        """Ends the call at once."""
        self._context.cancel()

    def _go_on(self) -> None:
        with self._lock:
            latest, self._latest = self._latest, None
            self._sending = latest is not None
            ends = self._ending and latest is None
        # guard: watchers that take no answer
        if latest is not None and self._threadless:
            grpcio_internals.send(self._messages, self._context, latest, self._go_on)
        elif latest is not None:
            self._send(latest)
            self._go_on()
        elif ends and self._context.is_active():
            self._send(None)
