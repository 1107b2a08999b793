"""Tells grpcurl and others the contract, under both names of the reflection service.

grpcio ships the service as `grpc.reflection.v1alpha` alone; `v1` has the same
messages under another package, so that its descriptor is made from the other's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_reflection.v1alpha import reflection, reflection_pb2

from housing_grpc.calls import threadless_stream
from housing_grpc.calls.call_pool import CallPool
from housing_grpc.calls.threadless_stream import Answer

_V1ALPHA = reflection.SERVICE_NAME
_V1 = _V1ALPHA.replace("v1alpha", "v1")
# Longer than any name. An answer repeats its question, and is held until the caller takes it.
_MOST_BYTES = 1024


def handlers(
    services: Sequence[str], pool: CallPool, *described: DescriptorPool
) -> Iterator[grpc.GenericRpcHandler]:
    """Yields what makes a server answer questions about the given services and itself.

    Args:
        services: Full names of the services.
        described: Where services are described beside the pool of the process.
        pool: Answers; a stream on which nobody asks anything for long is ended by it.
    """
    _describe_v1()
    names = (*services, _V1ALPHA, _V1)
    servicer = reflection.ReflectionServicer(names, pool=_Pools(described))
    handler = threadless_stream.handler(_answering(servicer.ServerReflectionInfo), pool)
    for name in (_V1ALPHA, _V1):
        yield grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": handler})


def _answering(serve: Callable[..., Iterator[Any]]) -> Answer:
    """Returns what answers a question.

    Args:
        serve: Answers a stream of questions.
    """

    def answer(question: bytes, context: grpc.ServicerContext) -> bytes:
        if len(question) > _MOST_BYTES:
            text = f"the question has {len(question)} bytes; at most {_MOST_BYTES} are read"
            return _error(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        try:
            asked = reflection_pb2.ServerReflectionRequest.FromString(question)
        except DecodeError:
            return _error(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no such request")
        answered: bytes = next(serve(iter((asked,)), context)).SerializeToString()
        return answered

    return answer


def _error(code: grpc.StatusCode, text: str) -> bytes:
    error = reflection_pb2.ErrorResponse(error_code=code.value[0], error_message=text)
    answer = reflection_pb2.ServerReflectionResponse(error_response=error)
    return answer.SerializeToString()


class _Pools:
    """The default pool and others behind it, which also find the file of a method.

    Args:
        others: Asked for what the default one does not know.
    """

    def __init__(self, others: Iterable[DescriptorPool]) -> None:
        self._default = descriptor_pool.Default()
        self._all = (self._default, *others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._default, name)

    def FindFileByName(self, name: str) -> FileDescriptor:
        return self._first(lambda pool: pool.FindFileByName(name))

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:
        return self._first(partial(_file_of, symbol=symbol))

    def _first(self, find: Callable[[DescriptorPool], FileDescriptor]) -> FileDescriptor:
        *others, last = self._all
        for pool in others:
            with suppress(KeyError):
                return find(pool)
        return find(last)


def _file_of(pool: DescriptorPool, symbol: str) -> FileDescriptor:
    try:
        return pool.FindFileContainingSymbol(symbol)
    except KeyError:
        # protobuf's own pool knows services, but not their methods.
        service, _, method = symbol.rpartition(".")
        found = pool.FindServiceByName(service)
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
