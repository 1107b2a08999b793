"""Answers one binding: HTTP request to message, call, message to JSON."""

from functools import partial

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.responses import Response

from housing_grpc.rest.bindings import WHOLE, Binding
from housing_grpc.rest.grpc.backend import Unary
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, Reason, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json import parameters, strict, writer
from housing_grpc.rest.json.intake import Intake
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers

JSON = "application/json"

# Whoever else asks may have no key.
_NOT_STORED = {"cache-control": "no-store"}


class Transcoder:
    """Answers one binding.

    Args:
        binding: How the rpc is called.
        call: Calls it.
        readers: Make messages of JSON.
        writers: Make JSON of messages.
        intake: Reads bodies.
    """

    def __init__(
        self,
        binding: Binding,
        call: Unary,
        readers: Readers,
        writers: Writers,
        intake: Intake,
    ) -> None:
        kind = binding.method.input_type
        self._binding = binding
        self._call = call
        self._intake = intake
        self._new = GetMessageClass(kind)
        self._read = readers.message(kind)
        self._read_field = (
            readers.field(kind.fields_by_name[binding.body])
            if binding.body not in ("", WHOLE)
            else None
        )
        self._allowed = {field.name for field in binding.parameters}
        self._write = writers.message(binding.method.output_type)

    async def __call__(self, exchange: Exchange) -> Response:
        """Answers one request."""
        request = await self._intake.read(exchange, partial(self._message, exchange))
        try:
            answer = self._write(await self._call(request, exchange))
        except CallError as error:
            changed = status.with_limit(error.status, self._intake.limits.list_entries)
            if self._read_field is not None:
                changed = status.seen_from(self._binding.body, changed)
            raise CallError(changed) from error
        return Response(writer.encode(answer), media_type=JSON, headers=_NOT_STORED)

    def _message(self, exchange: Exchange, body: bytes) -> Message:
        message = self._from_body(exchange, body)
        query = exchange.scope["query_string"]
        if query:
            kind = self._binding.method.input_type
            message.MergeFrom(parameters.read(query, kind, self._allowed, self._read))
        return message

    def _from_body(self, exchange: Exchange, body: bytes) -> Message:
        if self._binding.body:
            exchange.check_media_type((JSON,), needed=bool(body))
        if not body:
            return self._new()
        if not self._binding.body:
            raise RestError(
                reason=Reason.UNEXPECTED_BODY, message="this method takes no body; send none"
            )
        tree = strict.parse(body)
        if self._read_field is not None:
            return self._new(**{self._binding.body: self._read_field(tree)})
        message: Message = self._read(tree)
        return message
