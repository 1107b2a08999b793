"""Answers one binding: HTTP request to message, call, message to JSON."""

import asyncio
from dataclasses import dataclass

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.responses import Response

from housing_grpc.rest.bindings import WHOLE, Binding
from housing_grpc.rest.grpc.backend import Unary
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, Reason, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json import parameters, strict, writer
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers

JSON = "application/json"

# What takes a millisecond to read.
_SMALL_BYTES = 2**14
# Whoever else asks may have no key.
_NOT_STORED = {"cache-control": "no-store"}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one request may be.

    Attributes:
        body_bytes: Most bytes of a body.
        body_seconds: Time that it has to arrive.
        list_entries: Most entries in one list of it.
    """

    body_bytes: int
    body_seconds: float
    list_entries: int


class Transcoder:
    """Answers one binding.

    Args:
        binding: How the rpc is called.
        call: Calls it.
        readers: Make messages of JSON.
        writers: Make JSON of messages.
        limits: How much one request may be.
        turn: Is held while a large body is read.
    """

    def __init__(
        self,
        binding: Binding,
        call: Unary,
        readers: Readers,
        writers: Writers,
        *,
        limits: Limits,
        turn: asyncio.Lock,
    ) -> None:
        kind = binding.method.input_type
        self._binding = binding
        self._call = call
        self._limits = limits
        self._turn = turn
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
        body = await exchange.body(self._limits.body_bytes, self._limits.body_seconds)
        try:
            request = await self._read_in_turn(exchange, body)
        except FaultError as error:
            raise error.to_error() from None
        try:
            answer = self._write(await self._call(request, exchange))
        except CallError as error:
            changed = status.with_limit(error.status, self._limits.list_entries)
            if self._read_field is not None:
                changed = status.seen_from(self._binding.body, changed)
            raise CallError(changed) from error
        return Response(writer.encode(answer), media_type=JSON, headers=_NOT_STORED)

    async def _read_in_turn(self, exchange: Exchange, body: bytes) -> Message:
        if len(body) <= _SMALL_BYTES:
            return self._message(exchange, body)
        # Nothing else is answered while a body is read. Of many large ones, each waits until all
        # others, a probe among them, have had their turn.
        # guard: large bodies one at a time
        async with self._turn:
            await asyncio.sleep(0)
            return self._message(exchange, body)

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
