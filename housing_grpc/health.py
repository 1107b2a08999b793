"""Tells probes whether a model serves: the standard gRPC health service."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

SERVICE = health.SERVICE_NAME

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING

_Request = health_pb2.HealthCheckRequest
_Send = Callable[[health_pb2.HealthCheckResponse | None], None]


class Health:
    """Health of the server ("") and of each of its services, NOT_SERVING at first.

    Args:
        services: Full names of the services.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._names = (health.OVERALL_HEALTH, *services)
        # A pool of its own: probes are answered even if every worker is busy.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="health")
        self._servicer = _HealthServicer(self._pool)
        self._set(_NOT_SERVING)

    def add_to(self, server: grpc.Server) -> None:
        """Makes the server answer probes."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    def serving(self) -> None:
        """Tells probes and watchers that a model serves."""
        self._set(_SERVING)

    def stopping(self) -> None:
        """Tells probes and watchers, for good, that no more calls are wanted."""
        self._servicer.enter_graceful_shutdown()

    def end_watches(self) -> None:
        """Ends all watches: they would last as long as the server lets calls finish."""
        self._servicer.end_watches()

    def close(self) -> None:
        """Ends the threads that answer probes."""
        self._pool.shutdown(wait=False)

    def _set(self, state: int) -> None:
        for name in self._names:
            self._servicer.set(name, state)


class _HealthServicer(health.HealthServicer):
    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()
        self._watches: set[_Send] = set()
        # grpcio takes a handler's own pool from these attributes. The base class
        # sets them on its functions, which all servers of a process share.
        check, watch = partial(super().Check), partial(self._watch)
        check.experimental_thread_pool = pool  # type: ignore[attr-defined]
        watch.experimental_thread_pool = pool  # type: ignore[attr-defined]
        watch.experimental_non_blocking = True  # type: ignore[attr-defined]
        self.Check = check  # type: ignore[method-assign]
        self.Watch = watch  # type: ignore[method-assign,assignment]

    def end_watches(self) -> None:
        for send in tuple(self._watches):
            send(None)

    def _watch(
        self, request: _Request, context: grpc.ServicerContext, send_response_callback: _Send
    ) -> None:
        self._watches.add(send_response_callback)
        context.add_callback(partial(self._watches.discard, send_response_callback))
        super().Watch(request, context, send_response_callback)
