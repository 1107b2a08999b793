"""The same as `stream`, for asyncio."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc
from housing.v1 import prediction_pb2 as pb

from .chunks import Chunk
from .errors import CallCancelledError, DeadlineExceededError
from .failure import error_of
from .ledger import Ledger, StreamBrokenError
from .scores import ChunkScores

Requests = AsyncIterator[pb.PredictStreamRequest]
Open = Callable[[Requests], Any]
_Outbox = asyncio.Queue[pb.PredictStreamRequest | None]


async def score_chunks(
    open_stream: Open, chunks: AsyncIterator[Chunk], ledger: Ledger
) -> AsyncGenerator[ChunkScores, None]:
    """Yields the answer to every chunk, in order, each exactly once.

    Raises:
        HousingError: The server refused, or new streams were of no use.
    """
    source = _Source(chunks)
    while True:
        try:
            async with aclosing(_one_stream(open_stream, source, ledger)) as stream:
                async for scores in stream:
                    yield scores
        except StreamBrokenError as broken:
            await asyncio.sleep(ledger.broken(broken.error))
        else:
            return


class _Source:
    """Chunks whose error is kept until it is its turn."""

    def __init__(self, chunks: AsyncIterator[Chunk]) -> None:
        self.error: Exception | None = None
        self.more = True
        self._chunks = chunks

    async def draw(self) -> Chunk | None:
        chunk = None
        try:
            chunk = await anext(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - raised when all before it is answered
            self.error = error
        self.more = chunk is not None
        return chunk


async def _one_stream(
    open_stream: Open, source: _Source, ledger: Ledger
) -> AsyncGenerator[ChunkScores, None]:
    outbox: _Outbox = asyncio.Queue()
    call = open_stream(_until_none(outbox))
    try:
        for request in ledger.again():
            outbox.put_nowait(request)
        if not source.more:
            outbox.put_nowait(None)
        while source.more or ledger.under_way:
            while source.more and ledger.has_room:
                chunk = await source.draw()
                outbox.put_nowait(None if chunk is None else ledger.request(chunk))
            if ledger.under_way:
                yield ledger.answered(await _answer(call, ledger.policy.patience))
        if source.error is not None:
            raise source.error
        await _take_summary(call, ledger.policy.patience)
    finally:
        call.cancel()


async def _answer(call: Any, patience: float) -> pb.PredictStreamResponse:
    try:
        async with asyncio.timeout(patience):
            answer = await call.read()
    except TimeoutError:
        raise _no_answer(f"no answer came for {patience:g} s") from None
    except grpc.aio.AioRpcError as error:
        raise StreamBrokenError(error_of(error)) from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Not the caller is cancelled but the call: the client was closed.
        raise StreamBrokenError(CallCancelledError("the call was cancelled")) from None
    if not isinstance(answer, pb.PredictStreamResponse):
        # With chunks under way this is no end, but a server that went without a word.
        raise _no_answer("the stream ended too early")
    return answer


def _no_answer(text: str) -> StreamBrokenError:
    return StreamBrokenError(DeadlineExceededError(text, reason="NO_ANSWER"))


async def _take_summary(call: Any, patience: float) -> None:
    """Lets the server end the stream; every house has its answer, whatever comes now."""
    try:
        async with asyncio.timeout(patience):
            while await call.read() is not grpc.aio.EOF:
                pass
    except (TimeoutError, grpc.aio.AioRpcError):
        pass


async def _until_none(outbox: _Outbox) -> Requests:
    while (request := await outbox.get()) is not None:
        yield request
