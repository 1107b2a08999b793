"""A scoring job: results in order, and how far it is."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing

from .ledger import Tally
from .progress import Progress, reporter
from .results import Prediction, RowError
from .scores import ChunkScores
from .stream_aio import Job


class Scores(Iterator[Prediction | RowError]):
    """Results of `HousingClient.score`, one a house, in order.

    Take either the results or the `chunks`, which are many times as fast, and
    once. A `with` block ends the job when it is left early.

    Attributes:
        tally: How far the job is.
    """

    def __init__(
        self, chunks: Generator[ChunkScores, None, None], tally: Tally, progress: Progress
    ) -> None:
        self.tally = tally
        self._chunks = _reported(chunks, tally, progress)
        self._results = _flat(self._chunks)

    def __iter__(self) -> "Scores":
        _check_not_over(self._chunks)
        return self

    def __next__(self) -> Prediction | RowError:
        return next(self._results)

    def chunks(self) -> Iterator[ChunkScores]:
        """Returns the prices chunk by chunk, as arrays.

        Raises:
            RuntimeError: The job is over.
        """
        _check_not_over(self._chunks)
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

    def __init__(self, job: Job, tally: Tally, progress: Progress) -> None:
        self.tally = tally
        self._chunks = _reported_async(job, tally, progress)
        self._results: Iterator[Prediction | RowError] = iter(())

    def __aiter__(self) -> "AsyncScores":
        _check_not_over(self._chunks)
        return self

    async def __anext__(self) -> Prediction | RowError:
        while (result := next(self._results, None)) is None:
            self._results = (await anext(self._chunks)).results()
        return result

    def chunks(self) -> AsyncIterator[ChunkScores]:
        """Returns the prices chunk by chunk, as arrays.

        Raises:
            RuntimeError: The job is over.
        """
        _check_not_over(self._chunks)
        return self._chunks

    async def aclose(self) -> None:
        """Ends the job."""
        self._results = iter(())
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
    job: Job, tally: Tally, progress: Progress
) -> AsyncGenerator[ChunkScores, None]:
    report, end = reporter(progress)
    async with aclosing(job):
        try:
            async for scores in job:
                report(tally)
                yield scores
        finally:
            end(tally)


def _check_not_over(chunks: object) -> None:
    # A generator that has ended has no frame.
    if getattr(chunks, "gi_frame", None) is None and getattr(chunks, "ag_frame", None) is None:
        raise RuntimeError("this job is over, and its results can be taken once; call score again")
