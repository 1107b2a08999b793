"""Tells grpcurl and others the contract, under both names of the reflection service.

grpcio ships the service as `grpc.reflection.v1alpha` alone; `v1` has the same
messages under another package, so that its descriptor is made from the other's.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_reflection.v1alpha import reflection, reflection_pb2

_V1ALPHA = reflection.SERVICE_NAME
_V1 = _V1ALPHA.replace("v1alpha", "v1")
_WORKERS = 4


def add_to(server: grpc.Server, services: Sequence[str], *, longest_seconds: float = 60.0) -> None:
    """Makes the server answer questions about the given services and itself.

    Args:
        server: Not started yet.
        services: Full names of the services.
        longest_seconds: Longest life of a stream of questions.
    """
    _describe_v1()
    names = (*services, _V1ALPHA, _V1)
    servicer = reflection.ReflectionServicer(names, pool=_Pool())
    handler = grpc.stream_stream_rpc_method_handler(
        _bounded(servicer.ServerReflectionInfo, longest_seconds),
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})
            for name in (_V1ALPHA, _V1)
        )
    )


def _bounded(serve: Any, seconds: float) -> Any:
    """Keeps streams on which nobody asks anything from holding a worker, or all of them."""

    def answer(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        timer = threading.Timer(seconds, context.cancel)
        timer.daemon = True
        timer.start()
        try:
            yield from serve(requests, context)
        finally:
            timer.cancel()

    # grpcio takes a handler's own pool from this attribute.
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="reflection")
    answer.experimental_thread_pool = pool  # type: ignore[attr-defined]
    return answer


class _Pool:
    """The default pool, which also finds the file of a method."""

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            # protobuf's own pool knows services, but not their methods.
            service, _, method = symbol.rpartition(".")
            found = self._pool.FindServiceByName(service)
            found.FindMethodByName(method)
            return found.file


def _describe_v1() -> None:
    v1 = FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(v1)
    v1.name = v1.name.replace("v1alpha", "v1")
    v1.package = v1.package.replace("v1alpha", "v1")
    for message in v1.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace("v1alpha", "v1")
    for service in v1.service:
        for method in service.method:
            method.input_type = method.input_type.replace("v1alpha", "v1")
            method.output_type = method.output_type.replace("v1alpha", "v1")
    descriptor_pool.Default().Add(v1)
