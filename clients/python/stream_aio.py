"""The same as `stream`, for asyncio."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from housing.v1 import prediction_pb2 as pb

from .chunks import Chunk
from .errors import CallCancelledError, HousingError, UnavailableError
from .failure import error_of
from .ledger import Ledger, StreamBrokenError, no_answer
from .scores import ChunkScores
from .source_aio import Source

Requests = AsyncIterator[pb.PredictStreamRequest]
Open = Callable[[Requests], Any]
_Outbox = asyncio.Queue[pb.PredictStreamRequest | None]

# By which grpc.aio itself says that a message could not be sent.
_NOT_SENT = "Internal error from Core"


class Job(AsyncIterator[ChunkScores]):
    """Gives the answer to every chunk, in order, each exactly once, as soon as it is there.

    This is no generator, and neither is anything below: an event loop that ends closes all
    generators at once, and one that waits for another would be closed while it runs.

    Args:
        open_stream: Starts a stream.
        chunks: What is to be scored.
        ledger: Of the job.
    """

    def __init__(self, open_stream: Open, chunks: AsyncIterator[Chunk], ledger: Ledger) -> None:
        self._open_stream = open_stream
        self._chunks = chunks
        self._ledger = ledger
        self._source: Source | None = None
        self._stream: _Stream | None = None

    async def __anext__(self) -> ChunkScores:
        """Returns the next answer.

        Raises:
            HousingError: The server refused, or new streams were of no use.
        """
        self._source = self._source or Source(self._chunks)
        while True:
            stream = self._stream or _Stream(self._open_stream, self._source, self._ledger)
            self._stream = stream
            try:
                scores = await stream.take()
            except StreamBrokenError as broken:
                self._stream = None
                await stream.close()
                await asyncio.sleep(self._ledger.broken(broken.error))
                continue
            if scores is None:
                raise StopAsyncIteration
            return scores

    async def aclose(self) -> None:
        """Ends the job."""
        try:
            if self._stream is not None:
                await self._stream.close()
        finally:
            if self._source is not None:
                await self._source.close()


class _Stream:
    """One of the streams of a job."""

    def __init__(self, open_stream: Open, source: Source, ledger: Ledger) -> None:
        self._source = source
        self._ledger = ledger
        self._outbox: _Outbox = asyncio.Queue()
        self._inbox = _Inbox(open_stream(_until_none(self._outbox)), ledger.policy.patience)
        for request in ledger.again():
            self._outbox.put_nowait(request)
        if not source.more:
            self._outbox.put_nowait(None)

    async def take(self) -> ChunkScores | None:
        """Returns the next answer, or None if all are there."""
        source, ledger, inbox = self._source, self._ledger, self._inbox
        while source.more or ledger.under_way:
            awaited = [inbox.ready()] if ledger.under_way else []
            if source.more and ledger.has_room:
                awaited.append(source.ready())
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            # What is answered goes to the caller before more is asked of the source.
            if ledger.under_way and inbox.ready().done():
                return ledger.answered(inbox.take())
            chunk = source.take()
            self._outbox.put_nowait(None if chunk is None else ledger.request(chunk))
        if source.error is not None:
            raise source.error
        await inbox.take_summary()
        return None

    async def close(self) -> None:
        """Ends it."""
        await self._inbox.close()


class _Inbox:
    """Receives the answers of a stream, one at a time, while something else is waited for.

    Args:
        call: The stream.
        patience: Longest wait for an answer, in seconds.
    """

    def __init__(self, call: Any, patience: float) -> None:
        self._call = call
        self._patience = patience
        self._next: asyncio.Task[pb.PredictStreamResponse] | None = None

    def ready(self) -> asyncio.Future[Any]:
        """Returns what is done as soon as an answer can be taken; the same until it is."""
        self._next = self._next or asyncio.create_task(_answer(self._call, self._patience))
        return self._next

    def take(self) -> pb.PredictStreamResponse:
        """Returns the answer.

        Raises:
            StreamBrokenError: None came.
        """
        found, self._next = self._next, None
        assert found is not None  # noqa: S101 - it was waited for
        return found.result()

    async def take_summary(self) -> None:
        """Lets the server end the stream; every house has its answer, whatever comes now."""
        try:
            async with asyncio.timeout(self._patience):
                while await self._call.read() is not grpc.aio.EOF:
                    pass
        except (TimeoutError, grpc.aio.AioRpcError):
            pass

    async def close(self) -> None:
        """Ends the stream."""
        self._call.cancel()
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)


async def _answer(call: Any, patience: float) -> pb.PredictStreamResponse:
    try:
        async with asyncio.timeout(patience):
            answer = await call.read()
    except TimeoutError:
        raise no_answer(f"no answer came for {patience:g} s") from None
    except grpc.aio.AioRpcError as error:
        raise StreamBrokenError(_reason(error)) from None
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # Not the caller is cancelled but the call: the client was closed.
        raise StreamBrokenError(CallCancelledError("the call was cancelled")) from None
    if not isinstance(answer, pb.PredictStreamResponse):
        # With chunks under way this is no end, but a server that went without a word.
        raise no_answer("the stream ended too early")
    return answer


def _reason(error: grpc.aio.AioRpcError) -> HousingError:
    """Returns why a stream ended.

    A stream that ends while a chunk is being sent, such as of a server that was killed, has
    two ends in grpc.aio: what the other side or the connection says, and its own INTERNAL for
    the chunk, which covers up the other. To go on is safe then: what was not answered is sent
    again, and a server that had refused it will say so again.
    """
    if error.code() is grpc.StatusCode.INTERNAL and error.details() == _NOT_SENT:
        return UnavailableError("the stream ended while a chunk was being sent")
    return error_of(error)


async def _until_none(outbox: _Outbox) -> Requests:
    while (request := await outbox.get()) is not None:
        yield request
