"""The gRPC server as the proxy sees it: one channel, and calls that can be given up."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import grpc
import grpc.aio
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2
from housing.v1 import relay_pb2

from housing_grpc.rest.grpc import relay
from housing_grpc.rest.grpc.channel import Channel, ServerTls
from housing_grpc.rest.grpc.hangup_watch import Call, Watch
from housing_grpc.rest.grpc.relay import Relay
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError
from housing_grpc.rest.http.exchange import Exchange, Metadata

if TYPE_CHECKING:
    from housing_grpc.rest.grpc.relay import Answer

# Methods whose small calls travel together.
_TOGETHER = frozenset({"Predict", "PredictBatch"})
NO_METADATA: Metadata = []
_FIRST_BACKOFF_MS = 100
_LONGEST_BACKOFF_MS = 1000

_SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [
                {"service": "housing.v1.PredictionService", "method": "Predict"},
                {"service": "housing.v1.PredictionService", "method": "PredictBatch"},
                {"service": "housing.v1.ModelService", "method": "ModelInfo"},
            ],
            # A server that stops resets what has just been sent to it, as CANCELLED.
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["CANCELLED"],
            },
        }
    ],
}


class Backend:
    """The gRPC server.

    Args:
        target: Its host and port.
        connect_seconds: Time that it gets to accept a connection.
        call_seconds: Time that a call gets.
        tls: How TLS is spoken to it, or None for none.
    """

    def __init__(
        self,
        target: str,
        *,
        connect_seconds: float,
        call_seconds: float,
        tls: ServerTls | None = None,
    ) -> None:
        self._call_seconds = call_seconds
        self._connect_seconds = connect_seconds
        options = _options(connect_seconds)
        self._channel = Channel(target, options, tls)
        self._relay = Relay(lambda: Channel(target, options, tls))
        self._health: Any = health_pb2.DESCRIPTOR.services_by_name["Health"].methods_by_name[
            "Check"
        ]

    def unary(self, method: MethodDescriptor) -> "Unary":
        """Returns what calls a method that takes and gives one message."""
        relay = self._relay if method.name in _TOGETHER else None
        return Unary(self._latest, method, self._call_seconds, relay)

    def stream(self, method: MethodDescriptor, metadata: Metadata) -> Call:
        """Opens a stream in both directions, which may last as long as it likes."""
        request, response = _classes(method)
        return self._latest().stream_stream(
            _path(method),
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )(metadata=metadata)

    async def health(self) -> str:
        """Returns the health of the server as its name, such as "SERVING".

        Raises:
            CallError: The server does not say.
        """
        check = _callable(self._channel.latest(), self._health)
        try:
            asked = health_pb2.HealthCheckRequest().SerializeToString()
            answer = await check(asked, timeout=self._connect_seconds)
        except grpc.aio.AioRpcError as error:
            raise CallError(status.of_call(error)) from error
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))

    async def close(self) -> None:
        """Ends all calls."""
        await self._relay.close()
        await self._channel.close()

    def _latest(self) -> grpc.aio.Channel:
        return (self._relay.channel() or self._channel).latest()


class Unary:
    """Calls one method.

    Args:
        channel: Returns the one to the server that the next call is to be made on.
        method: What is called.
        seconds: Time that a call gets.
        relay: Carries small calls, if they are quick to answer.
    """

    def __init__(
        self,
        channel: Callable[[], grpc.aio.Channel],
        method: MethodDescriptor,
        seconds: float,
        relay: Relay | None = None,
    ) -> None:
        self._seconds = seconds
        self._method = method
        self._channel = channel
        self._relay = relay
        self._path = _path(method)
        self._response = GetMessageClass(method.output_type)
        self._bound_to: grpc.aio.Channel | None = None
        self._call: Any = None

    async def __call__(
        self, request: Message, exchange: Exchange, more: Metadata = NO_METADATA
    ) -> Message:
        """Returns the answer; the call is cancelled when the caller hangs up.

        Args:
            request: The message.
            exchange: What is answered; its keys and ids go along.
            more: Metadata beside that.

        Raises:
            CallError: The server refused.
            ClientGoneError: The caller has hung up.
        """
        data, metadata = request.SerializeToString(), exchange.metadata() + more
        answer = None
        if self._relay is not None and _is_small(request, data):
            answer = self._relay.carry(self._path, data, metadata, self._seconds)
        if answer is not None:
            found = await self._carried(answer, exchange)
            if found is not None:
                return found
        return await self._alone(data, metadata, exchange)

    async def _carried(self, answer: "Answer", exchange: Exchange) -> Message | None:
        """Returns what comes of a call that travels with others, or None if it is to go alone."""
        late = asyncio.get_running_loop().call_later(self._seconds, _give_up, answer)
        with Watch(exchange, answer) as watch:
            try:
                found = await answer
            except asyncio.CancelledError:
                watch.check()
                raise
            finally:
                late.cancel()
        outcome = found.WhichOneof("outcome") if found is not None else None
        if found is None or outcome is None:
            return None
        if outcome == "error":
            raise CallError(found.error)
        return self._response.FromString(found.response)

    async def _alone(self, data: bytes, metadata: Metadata, exchange: Exchange) -> Message:
        latest = self._channel()
        if latest is not self._bound_to:
            self._bound_to, self._call = latest, _callable(latest, self._method)
        call = self._call(data, metadata=metadata, timeout=self._seconds)
        with Watch(exchange, call) as watch:
            try:
                answer: Message = await call
            except grpc.aio.AioRpcError as error:
                raise CallError(status.of_call(error)) from error
            except asyncio.CancelledError:
                watch.check()
                call.cancel()
                raise
        return answer


def _is_small(request: Any, data: bytes) -> bool:
    """Whether a request takes no longer to answer than to call for."""
    asks = request.explain or request.HasField("reference")
    return len(data) <= relay.MOST_BYTES and not asks


def _give_up(answer: "Answer") -> None:
    if not answer.done():
        answer.set_result(relay_pb2.RelayedAnswer(error=status.overdue()))


def _options(connect_seconds: float) -> tuple[tuple[str, Any], ...]:
    connect_ms = max(1, round(connect_seconds * 1000))
    return (
        # The time between two attempts is also the time that one may last.
        ("grpc.min_reconnect_backoff_ms", connect_ms),
        ("grpc.initial_reconnect_backoff_ms", min(_FIRST_BACKOFF_MS, connect_ms)),
        ("grpc.max_reconnect_backoff_ms", _LONGEST_BACKOFF_MS),
        # Answers to what the proxy accepts are never too large for it.
        # A name that stands for many servers, such as a headless Service, gets calls to all.
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        ("grpc.max_receive_message_length", -1),
        ("grpc.max_send_message_length", -1),
        # Two proxies in one process do not wait for each other's backoff.
        ("grpc.use_local_subchannel_pool", 1),
        # A proxy in the environment is for the way out; keys do not take it.
        ("grpc.enable_http_proxy", 0),
    )


def _callable(channel: grpc.aio.Channel, method: MethodDescriptor) -> Any:
    # Its request comes as bytes.
    return channel.unary_unary(
        _path(method), response_deserializer=GetMessageClass(method.output_type).FromString
    )


def _classes(method: MethodDescriptor) -> tuple[type[Message], type[Message]]:
    return GetMessageClass(method.input_type), GetMessageClass(method.output_type)


def _path(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"
