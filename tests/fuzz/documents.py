"""Queries and JSON bodies as the REST proxy gets them, for every route of the contract."""

import asyncio
import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from starlette.responses import Response

from housing_grpc.rest import bindings
from housing_grpc.rest.bindings import Binding
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.http.failures import public_status
from housing_grpc.rest.json.intake import Intake, Limits
from housing_grpc.rest.json.reader import Readers
from housing_grpc.rest.json.writer import Writers
from housing_grpc.rest.transcoder import Transcoder
from tests.fuzz import mutants
from tests.fuzz.target import Seeds, Target

_LIMITS = Limits(body_bytes=2**20, body_seconds=10, list_entries=1000)
_MOST_ROWS = 100
_HOUSE = b'{"CRIM": 0.00632, "RM": 6.5, "CHAS": 0, "lstat": null}'


class _Route:
    """A route whose call is not made, but kept."""

    def __init__(self, binding: Binding, readers: Readers, writers: Writers) -> None:
        self.binding = binding
        self.request: Message | None = None
        self._answer = GetMessageClass(binding.method.output_type)()
        call: Any = self._call
        self.transcoder = Transcoder(binding, call, readers, writers, Intake(_LIMITS))

    async def _call(self, request: Message, _: Exchange) -> Message:
        self.request = request
        return self._answer


class Documents(Target):
    """The transcoder of every route; the first byte of an input chooses one.

    Then comes the query, up to the end of the line, and the body.

    Args:
        stack: Ends the event loop.
        folder: Not needed.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        readers, writers = Readers(_MOST_ROWS), Writers()
        self._routes = [_Route(binding, readers, writers) for binding in bindings.bindings()]
        self._loop = asyncio.new_event_loop()
        stack.callback(self._loop.close)

    def seeds(self) -> Seeds:
        """Returns a right body for every route, and what is nearly right."""
        bodies = {
            "house": [_HOUSE, b'{"RM": 1e400, "RM": NaN, "RMM": true, "B": "6"}', b"[" * 2000],
            "*": [b'{"items": [' + _HOUSE + b", {}, null, 7]}", b'{"version": "2", "alias": ""}'],
            "": [b""],
        }
        for place, route in enumerate(self._routes):
            for body in bodies[route.binding.body]:
                yield bytes([place]) + b"\n" + body
                yield bytes([place]) + b"version=2&house.RM=6.5&x=%ff\n" + body

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a request with another body, or with other bytes anywhere."""
        head, end, body = seed.partition(b"\n")
        if body and chance.random() < 0.7:
            return head + end + mutants.of_json(body, chance)
        return mutants.of_bytes(seed, chance)

    def __call__(self, data: bytes) -> None:
        """Sends one request; it is refused, or becomes what Google's own reader makes of it."""
        if not data:
            return
        route = self._routes[data[0] % len(self._routes)]
        query, _, body = data[1:].partition(b"\n")
        exchange = _exchange(route.binding, query, body)
        try:
            response = self._loop.run_until_complete(route.transcoder(exchange))
        except RestError as error:
            _check_refusal(status.response(public_status(error)))
        else:
            assert response.status_code == 200, response
            assert route.request is not None
            if body and not query:
                _check_same(route.binding, route.request, body)


def _exchange(binding: Binding, query: bytes, body: bytes) -> Exchange:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {
        "type": "http",
        "method": binding.verb,
        "raw_path": binding.path.encode(),
        "query_string": query,
        "headers": [(b"content-type", b"application/json")] if body else [],
    }
    return Exchange(scope, receive)


def _check_refusal(response: Response) -> None:
    error = json.loads(bytes(response.body))["error"]
    assert 400 <= response.status_code < 500, error
    assert error["message"], error


def _check_same(binding: Binding, request: Message, body: bytes) -> None:
    found = getattr(request, binding.body) if binding.body != bindings.WHOLE else request
    expected = json_format.Parse(body, type(found)())
    # A float that is kept as it was read: equal to the bit, not only by value.
    assert found.SerializeToString(deterministic=True) == expected.SerializeToString(
        deterministic=True
    ), (found, expected)
