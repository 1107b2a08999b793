"""The stream over HTTP: a house a line in, a price a line out, at the caller's pace.

Lines are gathered into chunks of PredictStream, as many as have arrived. Two chunks
are under way at most, and one counts until its answer has been sent: a caller who
reads slowly is read slowly.
"""

from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from housing_grpc.rest import status, writer
from housing_grpc.rest.backend import Backend, CallError
from housing_grpc.rest.conversation import Answer, Conversation
from housing_grpc.rest.errors import RestError
from housing_grpc.rest.exchange import Exchange
from housing_grpc.rest.failures import log_failure, told
from housing_grpc.rest.reader import Readers
from housing_grpc.rest.writer import Writers

PATH = "/v1/predict:stream"
MEDIA_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
METHOD: MethodDescriptor = pb.DESCRIPTOR.services_by_name["PredictionService"].methods_by_name[
    "PredictStream"
]

_HOUSE: Any = pb.House.DESCRIPTOR
_PRICE: Any = pb.PredictResponse.DESCRIPTOR


class Stream:
    """Answers streams.

    Args:
        backend: The gRPC server.
        readers: Make messages of JSON.
        writers: Make JSON of messages.
    """

    def __init__(self, backend: Backend, readers: Readers, writers: Writers) -> None:
        self._backend = backend
        self._read = readers.message(_HOUSE)
        self._write = writers.message(_PRICE)

    async def __call__(self, exchange: Exchange) -> Response:
        """Answers one stream; what fails before the first answer has a status of its own."""
        exchange.check_media_type(MEDIA_TYPES)
        call = self._backend.stream(METHOD, exchange.metadata())
        conversation = Conversation(exchange, call, self._read)
        try:
            first = await conversation.next()
        except BaseException:
            conversation.close()
            raise
        return _Ndjson(self._lines(exchange, conversation, first), conversation)

    async def _lines(
        self, exchange: Exchange, conversation: Conversation, answer: Answer | None
    ) -> AsyncIterator[bytes]:
        row = 0
        try:
            while answer is not None:
                yield self._encoded(answer, row)
                row += len(answer[1])
                conversation.taken()
                answer = await conversation.next()
        except (CallError, RestError) as error:
            log_failure(exchange, error)
            yield writer.encode(status.body(told(error))) + b"\n"

    def _encoded(self, answer: Answer, row: int) -> bytes:
        chunk, faults = answer
        lines = (
            writer.encode({"row": row + place, **self._line(chunk, place, fault)})
            for place, fault in enumerate(faults)
        )
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
        )
        line: dict[str, Any] = self._write(price)
        return line


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
