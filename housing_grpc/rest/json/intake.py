"""Reads the bodies of requests: within bounds, and large ones one at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json.faults import FaultError

T = TypeVar("T")

# What takes a millisecond to read.
_SMALL_BYTES = 2**14


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


class Intake:
    """Reads bodies.

    Args:
        limits: How much one request may be.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._turn = asyncio.Lock()

    async def read(self, exchange: Exchange, make: Callable[[bytes], T]) -> T:
        """Returns what is made of the body of a request.

        Raises:
            RestError: The body is too large or too slow, or is not what it has to be.
            ClientGoneError: The caller has hung up.
        """
        body = await exchange.body(self.limits.body_bytes, self.limits.body_seconds)
        try:
            if len(body) <= _SMALL_BYTES:
                return make(body)
            # Nothing else is answered while a body is read. Of many large ones, each waits until
            # all others, a probe among them, have had their turn.
            # guard: large bodies one at a time
            async with self._turn:
                await asyncio.sleep(0)
                return make(body)
        except FaultError as error:
            raise error.to_error() from None
