"""The boundary of every call: bytes in, bytes out, and every error told properly.

Handlers take bytes, so that parsing happens on the worker that serves the call
and not on the one thread that accepts them all, and so that bytes which are no
request answer INVALID_ARGUMENT.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from housing_grpc import failure
from housing_grpc.errors import Reason, ServingError

Servicer = Any  # The generated servicer classes share no base.
Version = Callable[[], str]
Parse = Callable[[bytes], Message]
Unary = Callable[[bytes, grpc.ServicerContext], bytes]
Stream = Callable[[Iterator[bytes], grpc.ServicerContext], Iterator[bytes]]


def generic_handler(
    service: ServiceDescriptor,
    servicer: Servicer,
    *,
    model_version: Version,
    pools: Mapping[str, ThreadPoolExecutor],
) -> grpc.GenericRpcHandler:
    """Returns the handler of every method of a service.

    Args:
        service: The service, from its generated module.
        servicer: Has a method for each of the service's.
        model_version: Version that serves now, for the log.
        pools: Runs the calls of a method, by its name; the others run on the
            server's own workers.
    """
    handlers: dict[str, Any] = {}
    for method in service.methods:
        streams = method.client_streaming and method.server_streaming
        serve: Any = (_stream if streams else _unary)(
            method, getattr(servicer, method.name), model_version
        )
        if method.name in pools:
            # grpcio takes a handler's own pool from this attribute.
            serve.experimental_thread_pool = pools[method.name]
        make = (
            grpc.stream_stream_rpc_method_handler
            if streams
            else grpc.unary_unary_rpc_method_handler
        )
        handlers[method.name] = make(serve)
    return grpc.method_handlers_generic_handler(service.full_name, handlers)


def check_active(context: grpc.ServicerContext) -> None:
    """Ends a call that nobody waits for any more.

    Raises:
        ServingError: The deadline has passed, or the caller has cancelled.
    """
    if not context.is_active() or context.time_remaining() <= 0:
        raise ServingError(
            Reason.DEADLINE_EXCEEDED, "the deadline passed, or the call was cancelled"
        )


def _unary(
    method: MethodDescriptor,
    serve: Callable[[Any, grpc.ServicerContext], Message],
    model_version: Version,
) -> Unary:
    parse = _parser(method)

    def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            check_active(context)
            return serve(parse(data), context).SerializeToString()
        except BaseException as error:  # noqa: BLE001 - SystemExit, too: the call would hang
            raised = error
        return failure.end(context, raised, method.full_name, model_version())

    return answer


def _stream(
    method: MethodDescriptor,
    serve: Callable[[Iterator[Any], grpc.ServicerContext], Iterator[Message]],
    model_version: Version,
) -> Stream:
    parse = _parser(method)

    def answer(chunks: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        try:
            yield from (m.SerializeToString() for m in serve(map(parse, chunks), context))
        except (GeneratorExit, grpc.RpcError):
            # The caller is gone: there is nobody to tell.
            return
        except BaseException as error:  # noqa: BLE001 - as above
            failure.end(context, error, method.full_name, model_version())

    return answer


def _parser(method: MethodDescriptor) -> Parse:
    parse: Parse = GetMessageClass(method.input_type).FromString
    name = method.input_type.name

    def checked(data: bytes) -> Message:
        try:
            return parse(data)
        except DecodeError:
            raise ServingError(Reason.MALFORMED_REQUEST, f"the bytes are not a {name}") from None

    return checked
