"""A scoring job: results in order, and how far it is."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing

from .ledger import Tally
from .progress import Progress, reporter
from .results import Prediction, RowError
from .scores import ChunkScores


class Scores(Iterator[Prediction | RowError]):
    """Results of `HousingClient.score`, one a house, in order.

    Take either the results or the `chunks`, which are many times as fast. A
    `with` block ends the job when it is left early.

    Attributes:
        tally: How far the job is.
    """

    def __init__(
        self, chunks: Generator[ChunkScores, None, None], tally: Tally, progress: Progress
    ) -> None:
        self.tally = tally
        self._chunks = _reported(chunks, tally, progress)
        self._results = _flat(self._chunks)

    def __next__(self) -> Prediction | RowError:
        return next(self._results)

    def chunks(self) -> Iterator[ChunkScores]:
        """Returns the prices chunk by chunk, as arrays."""
        return self._chunks

    def close(self) -> None:
        """Ends the job."""
        self._results.close()
        self._chunks.close()

    def __enter__(self) -> "Scores":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncScores(AsyncIterator[Prediction | RowError]):
    """Results of `AsyncHousingClient.score`; the same as `Scores`, for asyncio.

    Attributes:
        tally: How far the job is.
    """

    def __init__(
        self, chunks: AsyncGenerator[ChunkScores, None], tally: Tally, progress: Progress
    ) -> None:
        self.tally = tally
        self._chunks = _reported_async(chunks, tally, progress)
        self._results = _flat_async(self._chunks)

    async def __anext__(self) -> Prediction | RowError:
        return await anext(self._results)

    def chunks(self) -> AsyncIterator[ChunkScores]:
        """Returns the prices chunk by chunk, as arrays."""
        return self._chunks

    async def aclose(self) -> None:
        """Ends the job."""
        await self._results.aclose()
        await self._chunks.aclose()

    async def __aenter__(self) -> "AsyncScores":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _reported(
    chunks: Generator[ChunkScores, None, None], tally: Tally, progress: Progress
) -> Generator[ChunkScores, None, None]:
    report, end = reporter(progress)
    with closing(chunks):
        try:
            for scores in chunks:
                report(tally)
                yield scores
        finally:
            end(tally)


def _flat(
    chunks: Generator[ChunkScores, None, None],
) -> Generator[Prediction | RowError, None, None]:
    for scores in chunks:
        yield from scores.results()


async def _reported_async(
    chunks: AsyncGenerator[ChunkScores, None], tally: Tally, progress: Progress
) -> AsyncGenerator[ChunkScores, None]:
    report, end = reporter(progress)
    async with aclosing(chunks):
        try:
            async for scores in chunks:
                report(tally)
                yield scores
        finally:
            end(tally)


async def _flat_async(
    chunks: AsyncGenerator[ChunkScores, None],
) -> AsyncGenerator[Prediction | RowError, None]:
    async for scores in chunks:
        for result in scores.results():
            yield result
