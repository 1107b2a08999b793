"""The stream over HTTP: a house a line in, a price a line out, at the caller's pace.

Lines are gathered into chunks of PredictStream, as many as have arrived. Two chunks
are under way at most, and one counts until its answer has been sent: a caller who
reads slowly is read slowly.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

from google.protobuf.descriptor import MethodDescriptor
from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from housing_grpc.rest.grpc.backend import Backend
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, Reason, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.failures import FailureLog, public_status
from housing_grpc.rest.json import parameters, writer
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers
from housing_grpc.rest.stream.conversation import Answer, Conversation
from housing_grpc.rest.stream.resuming import ResumingStream

PATH = "/v1/predict:stream"
MEDIA_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
METHOD: MethodDescriptor = pb.DESCRIPTOR.services_by_name["PredictionService"].methods_by_name[
    "PredictStream"
]

# After so many lines, other requests get their turn.
_TURN_ROWS = 32

# The server's reason for ending a stream on which nothing comes.
_IDLE = "STREAM_IDLE"

# What is asked of a stream besides prices stands in the query.
OPTIONS = ("explain", "reference", "level", "receipt")

_HOUSE: Any = pb.House.DESCRIPTOR
_CHUNK: Any = pb.PredictStreamRequest.DESCRIPTOR
_MORE = ("interval", "applicability", "explanation")
_PRICE: Any = pb.PredictResponse.DESCRIPTOR


class Stream:
    """Answers streams.

    Args:
        backend: The gRPC server.
        readers: Make messages of JSON.
        writers: Make JSON of messages.
        failures: Where streams that fail are logged.
        stopping: Set when the proxy stops.
    """

    def __init__(
        self,
        backend: Backend,
        readers: Readers,
        writers: Writers,
        failures: FailureLog,
        stopping: asyncio.Event,
    ) -> None:
        self._backend = backend
        self._stopping = stopping
        self._failures = failures
        self._read = readers.message(_HOUSE)
        self._read_options = readers.message(_CHUNK)
        self._write = writers.message(_PRICE)

    async def __call__(self, exchange: Exchange) -> Response:
        """Answers one stream; what fails before the first answer has a status of its own."""
        exchange.check_media_type(MEDIA_TYPES, needed=exchange.announces_body)
        options = self._options(exchange)
        metadata = exchange.metadata()
        stream = ResumingStream(
            lambda: self._backend.stream(METHOD, metadata), exchange.log_fields()
        )
        conversation = Conversation(exchange, stream, self._read, options, self._stopping)
        try:
            first = await conversation.next()
        except CallError as error:
            conversation.close()
            if status.reason_of(error.status) == _IDLE:
                raise _no_line() from error
            raise
        except BaseException:
            conversation.close()
            raise
        return _Ndjson(self._lines(exchange, conversation, first), conversation)

    def _options(self, exchange: Exchange) -> pb.PredictStreamRequest:
        query = exchange.scope["query_string"]
        if not query:
            return pb.PredictStreamRequest()
        try:
            options = parameters.read(query, _CHUNK, {*OPTIONS}, self._read_options)
        except FaultError as error:
            raise error.to_error() from None
        return cast("pb.PredictStreamRequest", options)

    async def _lines(
        self, exchange: Exchange, conversation: Conversation, answer: Answer | None
    ) -> AsyncIterator[bytes]:
        row = 0
        try:
            while answer is not None:
                yield await self._encoded(answer, row)
                row += len(answer[1])
                conversation.taken()
                answer = await conversation.next()
        except (CallError, RestError) as error:
            self._failures.record(exchange, error)
            yield writer.encode(status.body(public_status(error))) + b"\n"

    async def _encoded(self, answer: Answer, row: int) -> bytes:
        chunk, faults = answer
        lines = []
        for place, fault in enumerate(faults):
            lines.append(writer.encode({"row": row + place, **self._line(chunk, place, fault)}))
            if len(lines) % _TURN_ROWS == 0:
                await asyncio.sleep(0)
        return b"\n".join((*lines, b""))

    def _line(self, chunk: pb.ChunkResult, place: int, fault: Status | None) -> dict[str, Any]:
        result = chunk.rows.items[place]
        if fault is not None:
            return status.body(fault)
        if result.HasField("error"):
            return status.body(status.seen_from(f"items[{place}]", result.error))
        price = pb.PredictResponse(
            prediction=result.prediction,
            model_version=chunk.model_version,
            timestamp=chunk.timestamp,
            warnings=result.warnings,
            range_warnings=result.range_warnings,
            imputed_features=result.imputed_features,
            receipt=result.receipt or None,
        )
        for name in _MORE:
            if result.HasField(name):
                getattr(price, name).CopyFrom(getattr(result, name))
        line: dict[str, Any] = self._write(price)
        return line


def _no_line() -> RestError:
    return RestError(
        reason=Reason.REQUEST_TIMEOUT,
        message="no line arrived in time; send one soon after the headers",
        headers={"connection": "close"},
    )


class _Ndjson(StreamingResponse):
    media_type = MEDIA_TYPES[0]

    def __init__(self, lines: AsyncIterator[bytes], conversation: Conversation) -> None:
        super().__init__(lines, headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        self._conversation = conversation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        # The body is still being read: nobody else may wait for what is received.
        try:
            await self.stream_response(send)
        finally:
            self._conversation.close()
