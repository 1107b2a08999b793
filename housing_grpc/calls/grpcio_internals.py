"""What is taken of grpcio's private parts: to receive and to send messages without a thread.

grpcio has a worker wait for the message of every call, and for every message of a stream to be
taken. That is one more change of threads a call, and a caller who holds a message back, or takes
none, holds a worker. Here the thread that accepts calls begins the wait, and is called when it is
over. grpcio has no documented way to do so: this file, and none but this, uses parts of its own,
of the release that `requirements/` pins. `grpcio_self_test` finds out at start whether the release
that is installed does what is expected here. Where it does not, workers wait, no longer than they
may.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import grpc

_server: Any = import_module("grpc._server")
_cygrpc: Any = import_module("grpc._cython.cygrpc")

_IN_POOL = "rpc_event state behavior argument_thunk request_deserializer response_serializer"
_RECEIVE = "state call request_deserializer"


_PLACES = len(_IN_POOL.split())
_NO_FLAGS = 0


def missing() -> str:
    """Returns the first part of grpcio that is not there by the name known here, or ""."""
    parts = {
        "_server._unary_response_in_pool": _has("_unary_response_in_pool", _IN_POOL),
        "_server._stream_response_in_pool": _has("_stream_response_in_pool", _IN_POOL),
        "_server._receive_message": _has("_receive_message", _RECEIVE),
        "_server._send_message": _has("_send_message", "state token"),
        "_server._get_initial_metadata_operation": _has(
            "_get_initial_metadata_operation", "state metadata"
        ),
        "_server._RequestIterator": _has("_RequestIterator", _RECEIVE),
        "_server._SEND_MESSAGE_TOKEN": hasattr(_server, "_SEND_MESSAGE_TOKEN"),
        "_server._SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN": hasattr(
            _server, "_SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN"
        ),
        "_server._RECEIVE_MESSAGE_TOKEN": hasattr(_server, "_RECEIVE_MESSAGE_TOKEN"),
        "_server._RequestIterator._look_for_request": hasattr(
            getattr(_server, "_RequestIterator", None), "_look_for_request"
        ),
        "_cython.cygrpc.ReceiveMessageOperation": hasattr(_cygrpc, "ReceiveMessageOperation"),
        "_cython.cygrpc.SendMessageOperation": hasattr(_cygrpc, "SendMessageOperation"),
    }
    return next((name for name, is_there in parts.items() if not is_there), "")


def _has(function: str, parameters: str) -> bool:
    found = getattr(_server, function, None)
    return found is not None and [*inspect.signature(found).parameters] == parameters.split()


def behaviour_of(arguments: tuple[Any, ...]) -> Any:
    """Returns the behaviour of a call, of what grpcio gives a pool to run; None if unknown."""
    return arguments[3] if len(arguments) == 1 + _PLACES else None


def call_of(arguments: tuple[Any, ...]) -> Any:
    """Returns the call itself, of what grpcio gives a pool to run; it has `cancel`."""
    return arguments[1].call


def begin(arguments: tuple[Any, ...], then: Callable[[], None]) -> None:
    """Begins to wait for the message of a call whose requests are a stream.

    Args:
        arguments: What grpcio gives a pool to run.
        then: Called on the thread that accepts calls when the wait is over, also if no
            message will come; must not raise.
    """
    _, event, state, _, _, deserializer, _ = arguments
    with state.condition:
        _receive(state, event.call, deserializer, then)


def begin_next(messages: Any, context: grpc.ServicerContext, then: Callable[[], None]) -> None:
    """Begins to wait for the next message of a stream.

    Args:
        messages: The call's requests, as grpcio gives them to a behaviour.
        context: The call's.
        then: As of `begin`; called at once if the call is over.
    """
    state = messages._state  # noqa: SLF001
    with state.condition:
        active = context.is_active()
        if active:
            _receive(state, messages._call, messages._request_deserializer, then)  # noqa: SLF001
    if not active:
        then()


def take(messages: Any) -> Any:
    """Returns the message of a call for which the wait is over.

    Args:
        messages: The call's requests, as grpcio gives them to a behaviour.

    Raises:
        StopIteration: There is none.
        grpc.RpcError: The call was cancelled.
    """
    with messages._state.condition:  # noqa: SLF001
        return messages._look_for_request()  # noqa: SLF001


def send(
    messages: Any, context: grpc.ServicerContext, answer: bytes, then: Callable[[], None]
) -> None:
    """Sends a message of a stream, and does not wait until it is taken.

    Args:
        messages: The call's requests, as grpcio gives them to a behaviour.
        context: The call's.
        answer: The message; the next one may be sent when this one has been.
        then: Called when it has, or never will be, as of `begin_next`.
    """
    state, call = messages._state, messages._call  # noqa: SLF001
    with state.condition:
        active = context.is_active()
        if active:
            _send(state, call, answer, then)
    if not active:
        then()


def _receive(state: Any, call: Any, deserializer: Any, then: Callable[[], None]) -> None:
    received = _server._receive_message(state, call, deserializer)  # noqa: SLF001
    operations = (_cygrpc.ReceiveMessageOperation(_NO_FLAGS),)
    call.start_server_batch(operations, _and_then(received, then))
    state.due.add(_server._RECEIVE_MESSAGE_TOKEN)  # noqa: SLF001


def _send(state: Any, call: Any, answer: bytes, then: Callable[[], None]) -> None:
    operations = [_cygrpc.SendMessageOperation(answer, _NO_FLAGS)]
    token = _server._SEND_MESSAGE_TOKEN  # noqa: SLF001
    if state.initial_metadata_allowed:
        state.initial_metadata_allowed = False
        first = _server._get_initial_metadata_operation(state, None)  # noqa: SLF001
        operations.insert(0, first)
        token = _server._SEND_INITIAL_METADATA_AND_SEND_MESSAGE_TOKEN  # noqa: SLF001
    sent = _server._send_message(state, token)  # noqa: SLF001
    call.start_server_batch(operations, _and_then(sent, then))
    state.due.add(token)


def _and_then(complete: Callable[[Any], Any], then: Callable[[], None]) -> Callable[[Any], Any]:
    def completed(event: Any) -> Any:
        ended = complete(event)
        then()
        return ended

    return completed
