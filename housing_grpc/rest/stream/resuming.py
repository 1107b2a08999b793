"""A stream to the gRPC server that goes on in a new call where the one before had to end."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio
from google.rpc.code_pb2 import Code
from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base import log
from housing_grpc.rest.grpc.hangup_watch import Call
from housing_grpc.rest.http import status
from housing_grpc.rest.http.errors import CallError, Reason

# Why a call ends that another may go on with, beside all that is UNAVAILABLE.
_RESUMABLE = ("OVERLOADED", "RATE_LIMITED", "STREAM_TOO_OLD", "TOO_MANY_STREAMS")
# Seconds before each try; an answer makes the next one the first again.
_PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
_PAUSES_BEFORE_ANY = _PAUSES[:2]
# A call that is refused at once is so within this time.
_SETTLED_SECONDS = 0.05

_logger = logging.getLogger(__name__)


class ResumingStream:
    """Chunks in, their answers out; what has no answer yet is sent again in a new call.

    Args:
        start: Starts a call.
        log_fields: What names the request in the log.
    """

    def __init__(self, start: Callable[[], Call], log_fields: Mapping[str, Any]) -> None:
        self._start = start
        self._log_fields = log_fields
        self._call = start()
        self._unanswered: deque[pb.PredictStreamRequest] = deque()
        self._writing = asyncio.Lock()
        self._complete = False
        self._answered = False
        self._pauses = iter(_PAUSES_BEFORE_ANY)
        self._cancelled = asyncio.Event()

    async def write(self, request: pb.PredictStreamRequest) -> None:
        """Sends a chunk."""
        async with self._writing:
            self._unanswered.append(request)
            await _try(self._call.write(request))

    async def done_writing(self) -> None:
        """Says that there are no more chunks."""
        async with self._writing:
            self._complete = True
            await _try(self._call.done_writing())

    async def read(self) -> pb.ChunkResult | None:
        """Returns the next answer, or None after the last.

        Raises:
            CallError: The server ended the stream, and it cannot go on.
        """
        while True:
            try:
                response = await self._call.read()
            except grpc.aio.AioRpcError as error:
                failure = status.of_call(error)
                # Not by us: so ends a call when the server's time to stop is over.
                await self._resume(
                    status.unavailable() if failure.code == Code.CANCELLED else failure
                )
                continue
            if response is grpc.aio.EOF:
                if self._complete and not self._unanswered:
                    return None
                await self._resume(status.unavailable())
                continue
            if response.HasField("chunk"):
                self._unanswered.popleft()
                self._answered, self._pauses = True, iter(_PAUSES)
                chunk: pb.ChunkResult = response.chunk
                return chunk

    def cancel(self) -> None:
        """Ends it; whoever reads gets a CancelledError."""
        self._cancelled.set()
        self._call.cancel()

    async def _resume(self, failure: Status) -> None:
        pause = next(self._pauses, None) if self._may_go_on(failure) else None
        if pause is None:
            raise CallError(failure)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._cancelled.wait(), pause)
        log.event(
            _logger, logging.INFO, "stream.resumed",
            reason=status.reason_of(failure), **self._log_fields,
        )  # fmt: skip
        async with self._writing:
            if self._cancelled.is_set():
                raise asyncio.CancelledError
            self._call = self._start()
            await self._send_again()

    async def _send_again(self) -> None:
        # To write to a call while it is refused could lose the reason: see _is_lost.
        await asyncio.sleep(_SETTLED_SECONDS)
        if self._call.done():
            return
        for request in [*self._unanswered]:
            await _try(self._call.write(request))
        if self._complete:
            await _try(self._call.done_writing())

    def _may_go_on(self, failure: Status) -> bool:
        if _is_lost(failure):
            return True
        lasting = failure.code != Code.UNAVAILABLE and status.reason_of(failure) not in _RESUMABLE
        return self._answered and not lasting


def _is_lost(failure: Status) -> bool:
    """Whether the library may have put INTERNAL in the place of what the server said.

    It does so if a message was being written when the server ended the call.
    """
    return failure.code == Code.INTERNAL and status.reason_of(failure) == Reason.BACKEND_FAILED


async def _try(sending: Awaitable[None]) -> None:
    # If the call has ended, whoever reads the answers gets the reason.
    with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
        await sending
