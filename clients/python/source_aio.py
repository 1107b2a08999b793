"""Chunks that are drawn while something else is waited for, in asyncio."""

import asyncio
from collections.abc import AsyncIterator

from .chunks import Chunk


class Source:
    """Draws a chunk when asked to, in a task of its own, so that answers need not wait for it.

    It is one task for all chunks: a source may keep a timeout or a task group open from
    one house to the next, which belong to the task that opened them.

    Args:
        chunks: Where they come from.

    Attributes:
        more: Whether there may be another one.
        error: By which they ended; to be raised when all before it is answered.
    """

    def __init__(self, chunks: AsyncIterator[Chunk]) -> None:
        self.more = True
        self.error: Exception | None = None
        self._asked = asyncio.Event()
        self._next: asyncio.Future[Chunk | None] | None = None
        self._closed = False
        self._task = asyncio.create_task(self._draw(chunks))

    def ready(self) -> "asyncio.Future[Chunk | None]":
        """Returns what is done as soon as a chunk can be taken; the same until it is."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self._asked.set()
        return self._next

    def take(self) -> Chunk | None:
        """Returns the chunk that is ready, or None if that was the end."""
        found, self._next = self.ready(), None
        chunk = found.result()
        self.more = chunk is not None
        return chunk

    async def close(self) -> None:
        """Ends it."""
        # A source may take no notice of it, and give another chunk.
        self._closed = True
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _draw(self, chunks: AsyncIterator[Chunk]) -> None:
        while not self._closed:
            await self._asked.wait()
            self._asked.clear()
            chunk, found = None, self.ready()
            try:
                chunk = await anext(chunks, None)
            except Exception as error:  # noqa: BLE001 - raised when all before it is answered
                self.error = error
            except BaseException:
                # The source was cancelled, and so is who waits for it.
                found.cancel()
                raise
            if not found.done():
                found.set_result(chunk)
