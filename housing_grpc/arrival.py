"""Waits for the message of a call without a thread.

grpcio has a worker wait for the message of every call. That is one more change of threads a
call, and a caller who holds a message back holds a worker. Here the thread that accepts calls
begins the wait, and is told when it is over. grpcio has no documented way to do so: this file,
and none but this, uses parts of its own, of the release that `requirements/` pins. Where a
release does not have them as they are known here, workers wait, no longer than they may.
"""

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

_server: Any = import_module("grpc._server")
_cygrpc: Any = import_module("grpc._cython.cygrpc")

_IN_POOL = "rpc_event state behavior argument_thunk request_deserializer response_serializer"
_RECEIVE = "state call request_deserializer"


def _has(function: str, parameters: str) -> bool:
    found = getattr(_server, function, None)
    return found is not None and [*inspect.signature(found).parameters] == parameters.split()


# Whether grpcio is as it is known here.
KNOWN = (
    _has("_unary_response_in_pool", _IN_POOL)
    and _has("_stream_response_in_pool", _IN_POOL)
    and _has("_receive_message", _RECEIVE)
    and hasattr(_server, "_RECEIVE_MESSAGE_TOKEN")
    and hasattr(getattr(_server, "_RequestIterator", None), "_look_for_request")
    and hasattr(_cygrpc, "ReceiveMessageOperation")
)

_PLACES = len(_IN_POOL.split())


def behaviour_of(arguments: tuple[Any, ...]) -> Any:
    """Returns the behaviour of a call, of what grpcio gives a pool to run; None if unknown."""
    return arguments[3] if KNOWN and len(arguments) == 1 + _PLACES else None


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
    receive = _server._receive_message(state, event.call, deserializer)  # noqa: SLF001

    def received(told: Any) -> Any:
        ended = receive(told)
        then()
        return ended

    with state.condition:
        operations = (_cygrpc.ReceiveMessageOperation(0),)
        event.call.start_server_batch(operations, received)
        state.due.add(_server._RECEIVE_MESSAGE_TOKEN)  # noqa: SLF001


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
