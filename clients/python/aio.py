"""The client for asyncio."""

import asyncio
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from os import PathLike
from typing import Any, ClassVar

import grpc
from housing_table.columns import TARGET

from . import connection, decode, feedback, requests
from .asked import asked
from .caller import Caller
from .chunks import Chunk, Form, Layout
from .failure import error_of
from .feedback import ModelQuality, Outcome, Recorded
from .health import CHECK, WATCH, Health, health_answer, health_request
from .house import HouseLike
from .job import AsyncScores
from .ledger import Ledger, StreamPolicy, Tally
from .progress import Progress
from .results import ModelInfo, Prediction, Reloaded, RolledBack, RowError
from .sources import chunks_of, chunks_of_async, count_of
from .stream_aio import Job


class AsyncHousingClient(Caller):
    """Talks to a prediction server from one event loop; made as a `HousingClient` is."""

    _grpc: ClassVar[Any] = grpc.aio

    async def predict(
        self,
        house: HouseLike | None = None,
        /,
        *,
        explain: bool = False,
        reference: HouseLike | None = None,
        level: float | None = None,
        receipt: bool = False,
        routing_key: str = "",
        timeout: float = requests.PREDICT_SECONDS,
        **features: float | None,
    ) -> Prediction:
        """Returns the price of one house; see `HousingClient.predict`."""
        beside = asked(
            explain=explain, reference=reference, level=level, receipt=receipt,
            routing_key=routing_key,
        )  # fmt: skip
        request = requests.predict(house, features, beside)
        return decode.prediction(await self._call(self._predictions.Predict, request, timeout))

    async def predict_batch(
        self,
        houses: Iterable[HouseLike],
        *,
        explain: bool = False,
        reference: HouseLike | None = None,
        level: float | None = None,
        receipt: bool = False,
        routing_key: str = "",
        timeout: float = requests.BATCH_SECONDS,
    ) -> list[Prediction | RowError]:
        """Returns one result a house, in order; see `HousingClient.predict_batch`."""
        beside = asked(
            explain=explain, reference=reference, level=level, receipt=receipt,
            routing_key=routing_key,
        )  # fmt: skip
        batch = requests.Batch(houses, beside)
        answer = await self._call(self._predictions.PredictBatch, batch.request, timeout)
        return batch.results(answer)

    def score(
        self,
        source: Iterable[HouseLike] | AsyncIterable[HouseLike] | str | PathLike[str],
        *,
        form: Form = "matrix",
        chunk_rows: int = 1000,
        pin_model: bool = False,
        intervals: bool = False,
        explain: bool = False,
        reference: HouseLike | None = None,
        level: float | None = None,
        receipt: bool = False,
        routing_key: str = "",
        ignore: Collection[str] = (TARGET,),
        keep: Sequence[str] = (),
        progress: Progress = True,
        policy: StreamPolicy | None = None,
    ) -> AsyncScores:
        """Returns the prices of any number of houses; see `HousingClient.score`.

        Args:
            source: Also houses that arrive asynchronously.
            form: See `HousingClient.score`, as for all that follow.
            chunk_rows: Houses in a message.
            pin_model: Whether one model is to answer for the whole job.
            intervals: Whether to ask for intervals and p-values in the matrix form, too.
            explain: Whether to say what makes each price.
            reference: A house to explain the prices against.
            level: Share of prices that the intervals are to hold.
            receipt: Whether to give a receipt of each price; takes the rows form.
            routing_key: See `HousingClient.predict`.
            ignore: Names of columns or keys that are no features.
            keep: Names of others, whose values come back with the results.
            progress: A bar or a function.
            policy: How to stream.
        """
        layout = requests.layout(form, chunk_rows, ignore, keep)
        tally = Tally(total=count_of(source), notes=layout.notes)
        beside = asked(
            explain=explain,
            reference=reference,
            level=level,
            intervals=intervals,
            receipt=receipt,
            routing_key=routing_key,
        )
        chosen = requests.policy(policy, pin_model=pin_model)
        found = Job(
            self._open_stream,
            _chunks(source, layout),
            Ledger(chosen, tally, asked=beside),
        )
        return AsyncScores(found, tally, progress)

    async def info(self, *, timeout: float = requests.INFO_SECONDS) -> ModelInfo:
        """Returns all about the model that is live; see `HousingClient.info`."""
        answer = await self._call(self._models.ModelInfo, requests.info(), timeout)
        return decode.model_info(answer)

    async def reload(
        self,
        *,
        version: str | None = None,
        alias: str | None = None,
        dry_run: bool = False,
        timeout: float = requests.RELOAD_SECONDS,
    ) -> Reloaded:
        """Makes another model live; see `HousingClient.reload`."""
        request = requests.reload(version, alias, dry_run=dry_run)
        return decode.reloaded(await self._call(self._models.ReloadModel, request, timeout))

    async def rollback(self, *, timeout: float = requests.ROLLBACK_SECONDS) -> RolledBack:
        """Makes the previous model live again; see `HousingClient.rollback`."""
        answer = await self._call(self._models.RollbackModel, requests.rollback(), timeout)
        return decode.rolled_back(answer)

    async def record_outcomes(
        self, outcomes: Iterable[Outcome], *, timeout: float = feedback.RECORD_SECONDS
    ) -> list[Recorded | RowError]:
        """Says what houses sold for; see `HousingClient.record_outcomes`."""
        request = feedback.request(outcomes)
        return feedback.results(await self._call(self._feedback.RecordOutcomes, request, timeout))

    async def quality(
        self, model_version: str = "", *, timeout: float = requests.INFO_SECONDS
    ) -> Sequence[ModelQuality]:
        """Returns how good prices were; see `HousingClient.quality`."""
        request = feedback.quality_request(model_version)
        return feedback.quality(await self._call(self._feedback.GetQuality, request, timeout))

    async def health(self, service: str = "", *, timeout: float = requests.INFO_SECONDS) -> Health:
        """Returns what the server says of itself; see `HousingClient.health`."""
        ask: Any = self._channel.unary_unary(CHECK)
        return health_answer(await self._call(ask, health_request(service), timeout))

    async def watch(self, service: str = "") -> AsyncIterator[Health]:
        """Yields what the server says of itself; see `HousingClient.watch`."""
        ask: Any = self._channel.unary_stream(WATCH)
        call = ask(health_request(service), metadata=self._metadata)
        try:
            async for answer in call:
                yield health_answer(answer)
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Closes the connection; calls under way are cancelled."""
        self._closed = True
        await self._channel.close()

    async def __aenter__(self) -> "AsyncHousingClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _call(self, method: Any, request: Any, timeout: float) -> Any:
        connection.check_open(closed=self._closed)
        try:
            return await method(request, timeout=timeout, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from None


async def _chunks(source: Any, layout: Layout) -> AsyncIterator[Chunk]:
    if isinstance(source, AsyncIterable):
        async for chunk in chunks_of_async(source, layout):
            yield chunk
        return
    chunks: Iterator[Chunk] = chunks_of(source, layout)
    # A file may make its reader wait; rows may belong to the thread that made them.
    reads_file = isinstance(source, str | PathLike)
    while True:
        chunk_or_end = (
            await asyncio.to_thread(next, chunks, None) if reads_file else next(chunks, None)
        )
        if chunk_or_end is None:
            return
        yield chunk_or_end
