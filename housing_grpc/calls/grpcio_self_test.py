"""Proves by calls over loopback that grpcio does what `grpcio_internals` expects of it.

Names and parameters may stay while what they mean changes. So a server of the same make as the
real one serves calls of this process: one that sends its message late, one that sends none, and
a stream, whose messages are answered one by one without a worker that waits. Every process that
serves does so itself, as each loads the grpcio that it finds then.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

import grpc

from housing_grpc.calls import grpcio_internals
from housing_grpc.calls.call_pool import CallPool, on_pool

# Two calls take milliseconds; only a machine that is starved, or a call that hangs, takes so long.
_SECONDS = 10.0
_STOP_SECONDS = 1.0
_AT_LOOPBACK = "over loopback"
_METHOD = "/housing.GrpcioSelfTest/Echo"
_STREAM_METHOD = "/housing.GrpcioSelfTest/EchoEach"
_MESSAGE, _NO_MESSAGE = b"late", b"none"
_MESSAGES = [b"first", b"second"]
_SERVER_OPTIONS = (("grpc.so_reuseport", 0),)
# The environment may name a proxy, which cannot reach this process.
_CHANNEL_OPTIONS = (("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1))


class _FaultError(Exception):
    """What is not as expected."""


def fault(seconds: float = _SECONDS) -> str:
    """Returns what is not as `grpcio_internals` expects it, or "".

    Args:
        seconds: For everything that is waited for.
    """
    if missing := grpcio_internals.missing():
        return f"grpc.{missing} is another one, or is gone"
    try:
        with ExitStack() as stack:
            _prove(stack, seconds)
    except _FaultError as error:
        return f"{_AT_LOOPBACK}, {error}"
    except grpc.RpcError as error:
        return f"{_AT_LOOPBACK}, a call ended with {error.code().name}"
    except Exception as error:  # noqa: BLE001 - whatever it is, workers can wait instead
        return f"{_AT_LOOPBACK}, {type(error).__name__} was raised: {error}"
    return ""


def _prove(stack: ExitStack, seconds: float) -> None:
    pool = _Pool()
    stack.callback(pool.shutdown)
    server = grpc.server(pool, [_Echo(pool)], options=_SERVER_OPTIONS)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stack.callback(server.stop, _STOP_SECONDS)
    channel = stack.enter_context(grpc.insecure_channel(f"ipv4:127.0.0.1:{port}", _CHANNEL_OPTIONS))
    echo: Any = channel.stream_unary(_METHOD)
    for messages, expected in (((_MESSAGE,), _MESSAGE), ((), _NO_MESSAGE)):
        send = threading.Event()
        stack.callback(send.set)
        answer = echo.future(_after(send, messages), timeout=seconds)
        pool.await_call(seconds)
        if not pool.is_idle(seconds):
            raise _FaultError("a call that waits for its message holds a worker")
        send.set()
        # guard: a message is the one that was sent
        if (found := answer.result()) != expected:
            raise _FaultError(f"of a call {expected!r} was to arrive, and {found!r} did")
    echo_each: Any = channel.stream_stream(_STREAM_METHOD)
    if (each := list(echo_each(iter(_MESSAGES), timeout=seconds))) != _MESSAGES:
        raise _FaultError(f"of a stream {_MESSAGES!r} were to come back, and {each!r} did")


def _after(event: threading.Event, messages: tuple[bytes, ...]) -> Iterator[bytes]:
    event.wait()
    yield from messages


class _Echo(grpc.GenericRpcHandler):
    """Answers each call with its message, or with each of them."""

    def __init__(self, pool: CallPool) -> None:
        self._pool = pool

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if details.method == _STREAM_METHOD:
            behaviour = on_pool(self._answer_each, self._pool, non_blocking=True)
            return grpc.stream_stream_rpc_method_handler(behaviour)
        return grpc.stream_unary_rpc_method_handler(on_pool(self._answer, self._pool))

    def _answer(self, messages: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        try:
            message = self._pool.receive(messages, context)
        except StopIteration:
            return _NO_MESSAGE
        return message if isinstance(message, bytes) else repr(message).encode()

    def _answer_each(
        self,
        messages: Iterator[bytes],
        context: grpc.ServicerContext,
        send: Callable[[bytes | None], None],
    ) -> None:
        try:
            message = self._pool.receive(messages, context)
        except StopIteration:
            send(None)
            return
        then = partial(self._answer_each, messages, context, send)
        self._pool.answer_message(messages, context, send, message, then)


class _Pool(CallPool):
    """One worker, and whether calls were handed over to it."""

    def __init__(self) -> None:
        super().__init__(1, patience_seconds=_SECONDS, name="self-test", threadless_waits=True)
        self._handed_over: SimpleQueue[Exception | None] = SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        fault: Exception | None = None
        try:
            return super().submit(fn, *args, **more)
        except Exception as error:  # noqa: BLE001 - it would end the thread that serves
            fault = error
            return Future()
        finally:
            self._handed_over.put(fault)

    def await_call(self, seconds: float) -> None:
        """Waits until a call was handed over; raises what was raised then."""
        try:
            fault = self._handed_over.get(timeout=seconds)
        except Empty:
            raise _FaultError("a call does not come to its pool") from None
        if fault is not None:
            raise fault

    def is_idle(self, seconds: float) -> bool:
        """Returns whether the worker has nothing to do, or is done with it in time."""
        idle = threading.Event()
        super().submit(idle.set)
        return idle.wait(seconds)
