"""Tells probes whether a model serves: the standard gRPC health service."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2

from housing_grpc.pool import CallPool, on_pool

SERVICE = health.SERVICE_NAME

_pb2: Any = health_pb2  # The stubs know no List.
_asked = _pb2.HealthCheckRequest.FromString
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
# A probe that sends no message is ended then.
_PATIENCE_SECONDS = 5.0

_Send = Callable[[health_pb2.HealthCheckResponse | None], None]


class Health:
    """Health of the server ("") and of each of its services, NOT_SERVING at first.

    Args:
        services: Full names of the services.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._names = (health.OVERALL_HEALTH, *services)
        # A pool of its own: probes are answered even if every worker is busy.
        self.pool = CallPool(1, patience_seconds=_PATIENCE_SECONDS, name="health")
        self._servicer = health.HealthServicer()
        self._watches: set[_Send] = set()
        self._changing = threading.Lock()
        self._live = False
        self._stuck = False
        self._tell()

    def handler(self) -> grpc.GenericRpcHandler:
        """Returns what makes a server answer probes."""
        # As streams: the library would wait for a unary call's message without end.
        one, many = grpc.stream_unary_rpc_method_handler, grpc.stream_stream_rpc_method_handler
        check = on_pool(self._answer, self.pool, self._servicer.Check, _asked)
        listed = on_pool(self._answer, self.pool, self._list, _pb2.HealthListRequest.FromString)
        watch = on_pool(self._watch, self.pool, non_blocking=True)
        told = _pb2.HealthCheckResponse.SerializeToString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Check": one(check, None, told),
                "List": one(listed, None, _pb2.HealthListResponse.SerializeToString),
                "Watch": many(watch, None, told),
            },
        )

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
        self._servicer.enter_graceful_shutdown()

    def end_watches(self) -> None:
        """Ends all watches: they would last as long as the server lets calls finish."""
        for send in tuple(self._watches):
            send(None)

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
        return serve(self._request(messages, context, parse), context)

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
        send_response_callback: _Send,
    ) -> None:
        request = self._request(messages, context, _asked)
        self._watches.add(send_response_callback)
        context.add_callback(partial(self._watches.discard, send_response_callback))
        self._servicer.Watch(request, context, send_response_callback)

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
