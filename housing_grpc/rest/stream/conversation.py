"""One call of PredictStream, and the body that is read into it as fast as answers are taken."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing, suppress
from typing import Any

from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb

from housing_grpc.rest.http import errors, status
from housing_grpc.rest.http.errors import ClientGoneError, RestError
from housing_grpc.rest.http.exchange import Exchange
from housing_grpc.rest.json import strict
from housing_grpc.rest.json.faults import FaultError
from housing_grpc.rest.stream.lines import Lines
from housing_grpc.rest.stream.resuming import ResumingStream

_CHUNK_ROWS = 256
# A server explains at least one price in a chunk; how many more depends on its model.
_EXPLAINED_ROWS = 1
_CHUNKS_UNDER_WAY = 2
_LONGEST_LINE = 64 * 1024
# After so many lines, other requests get their turn.
_TURN_ROWS = 32

# The answer to a chunk, and why each of its lines was refused here, if it was.
Answer = tuple[pb.ChunkResult, list[Status | None]]


class Conversation:
    """A call that is under way.

    Args:
        exchange: Its body has a house a line.
        stream: To the server.
        read: Makes a house of a JSON tree.
        options: What is asked besides prices; each chunk has it, as any may be the first of a
            call that goes on with the stream.
        stopping: Set when the proxy stops: no more is read then.
    """

    def __init__(
        self,
        exchange: Exchange,
        stream: ResumingStream,
        read: Callable[[Any], Any],
        options: pb.PredictStreamRequest,
        stopping: asyncio.Event,
    ) -> None:
        self._exchange = exchange
        self._stream = stream
        self._read = read
        self._options = options
        explained = options.explain or options.HasField("reference")
        self._chunk_rows = _EXPLAINED_ROWS if explained else _CHUNK_ROWS
        self._stopping = stopping
        self._free = asyncio.Semaphore(_CHUNKS_UNDER_WAY)
        self._faults: deque[list[Status | None]] = deque()
        self._failure: Exception | None = None
        self._sequence = 0
        self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def next(self) -> Answer | None:
        """Returns the next answer, or None after the last.

        Raises:
            CallError: The server ended the stream.
            RestError: The body could not be read on.
            ClientGoneError: The caller has hung up.
        """
        try:
            chunk = await self._stream.read()
        except asyncio.CancelledError:
            self._check()
            raise
        if chunk is None:
            self._check()
            return None
        return chunk, self._faults.popleft()

    def taken(self) -> None:
        """Makes room for another chunk: the answer to one has been sent."""
        self._free.release()

    def close(self) -> None:
        """Gives up what is not finished."""
        self._task.cancel()
        self._stream.cancel()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure from None

    async def _send_all(self) -> None:
        try:
            await self._send_body()
            # Whoever hangs up now does not want the rest.
            await self._exchange.hung_up()
            self._give_up(ClientGoneError())
        except Exception as error:  # noqa: BLE001 - raised where the answers are read.
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._failure = error
        self._stream.cancel()

    async def _send_body(self) -> None:
        lines = Lines(_LONGEST_LINE)
        try:
            async with aclosing(self._parts()) as parts:
                async for part in parts:
                    await self._send(lines.feed(part))
            await self._send(lines.end())
        except RestError as error:
            # What came before it is still answered.
            self._failure = error
        await self._stream.done_writing()

    async def _parts(self) -> AsyncGenerator[bytes]:
        """Gives the body as it comes, until the proxy stops."""
        parts = self._exchange.parts()
        stop = asyncio.create_task(self._stopping.wait())
        part = asyncio.create_task(_next(parts))
        try:
            while True:
                await asyncio.wait((part, stop), return_when=asyncio.FIRST_COMPLETED)
                if stop.done():
                    raise errors.stopping()
                data = part.result()
                if not data:
                    return
                yield data
                part = asyncio.create_task(_next(parts))
        finally:
            stop.cancel()
            part.cancel()
            # Whatever it says now, nobody waits for it.
            with suppress(asyncio.CancelledError, ClientGoneError):
                await part

    async def _send(self, lines: Iterable[bytes]) -> None:
        rows: list[tuple[pb.House, Status | None]] = []
        try:
            for line in lines:
                rows.append(self._row(line))
                if len(rows) % _TURN_ROWS == 0:
                    await asyncio.sleep(0)
                if len(rows) == self._chunk_rows:
                    await self._send_chunk(rows)
                    rows = []
        except RestError:
            await self._send_chunk(rows)
            raise
        await self._send_chunk(rows)

    async def _send_chunk(self, rows: list[tuple[pb.House, Status | None]]) -> None:
        if not rows:
            return
        await self._free.acquire()
        self._faults.append([fault for _, fault in rows])
        self._sequence += 1
        houses = pb.HouseRows(items=[house for house, _ in rows])
        chunk = pb.PredictStreamRequest(sequence=self._sequence, rows=houses)
        chunk.MergeFrom(self._options)
        await self._stream.write(chunk)

    def _row(self, line: bytes) -> tuple[pb.House, Status | None]:
        try:
            return self._read(strict.parse(line)), None
        except FaultError as error:
            fault = error.to_error()
        except RestError as error:
            fault = error
        # An empty house keeps the place; the server's word on it is not passed on.
        return pb.House(), status.of_error(fault)


async def _next(parts: AsyncIterator[bytes]) -> bytes:
    return await anext(parts, b"")
