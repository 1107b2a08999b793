"""Gives up a call when the HTTP client hangs up."""

import asyncio
from types import TracebackType
from typing import Any

from housing_grpc.rest.http.errors import ClientGoneError
from housing_grpc.rest.http.exchange import Exchange

Call = Any  # What grpc.aio returns; its classes share no public base.

# A call is mostly answered before anyone could hang up.
_WATCH_AFTER_SECONDS = 0.05


class Watch:
    """Cancels a call when the HTTP client hangs up.

    Args:
        exchange: Tells of it; all of its body has been read.
        call: What is cancelled.
    """

    def __init__(self, exchange: Exchange, call: Call) -> None:
        self._exchange = exchange
        self._call = call
        self._gone = False
        self._task: asyncio.Task[None] | None = None
        self._start: asyncio.TimerHandle | None = None

    def __enter__(self) -> "Watch":
        loop = asyncio.get_running_loop()
        self._start = loop.call_later(_WATCH_AFTER_SECONDS, self._begin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._start is not None:
            self._start.cancel()
        if self._task is not None:
            self._task.cancel()

    def check(self) -> None:
        """Tells a call that was cancelled here from one that was cancelled elsewhere.

        Raises:
            ClientGoneError: The caller has hung up.
        """
        if self._gone:
            raise ClientGoneError from None

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        await self._exchange.hung_up()
        self._gone = True
        self._call.cancel()
