"""Follows every call from its begin to its end: counts it, and makes its span."""

from collections.abc import Callable, Iterable
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from housing_grpc.calls.call import Call
from housing_grpc.metrics.calls import CallMetrics, Method
from housing_grpc.metrics.codes import OK, number
from housing_grpc.metrics.tracing import Tracing

_OK = grpc.StatusCode.OK


class CallObserver:
    """Counts calls, and makes spans of them if they are traced.

    Args:
        services: Whose calls are followed.
        calls: Counts them.
        tracing: Makes spans; None for none.
        version: Returns the version of the model that serves now.
    """

    def __init__(
        self,
        services: Iterable[ServiceDescriptor],
        calls: CallMetrics,
        tracing: Tracing | None,
        version: Callable[[], str],
    ) -> None:
        self._counts = {
            f"/{method.service}/{method.name}": calls.of(method.service, method.name)
            for method in methods_of(services)
        }
        self._tracing = tracing
        self._version = version

    def started(self, call: Call, metadata: Any) -> None:
        """Takes note of a call, also of one that is refused at once."""
        method = call.method
        self._counts[method.path].started()
        if self._tracing is not None:
            call.span = self._tracing.start(method.service, method.name, metadata)

    def ended(
        self, call: Call, code: grpc.StatusCode, seconds: float, received: int, sent: int
    ) -> None:
        """Takes note of how a call ended, and of how many messages it had."""
        code_number = OK if code is _OK else number(code)
        self._counts[call.method.path].ended(code_number, seconds, received, sent)
        if self._tracing is not None and call.span is not None:
            self._tracing.end(call.span, code_number, self._version())


def methods_of(services: Iterable[ServiceDescriptor]) -> list[Method]:
    """Returns all methods of some services, as they are counted."""
    return [
        Method(type=_type(method), service=service.full_name, name=method.name)
        for service in services
        for method in service.methods
    ]


def _type(method: MethodDescriptor) -> str:
    if method.client_streaming:
        return "bidi_stream" if method.server_streaming else "client_stream"
    return "server_stream" if method.server_streaming else "unary"
