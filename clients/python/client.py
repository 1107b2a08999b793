"""The client for ordinary code; `aio` has the same for asyncio."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from os import PathLike
from typing import Any, Self

import grpc
from housing_table.columns import TARGET

from . import connection, decode, feedback, requests
from .asked import NOTHING, Asked, asked
from .caller import Caller
from .chunks import Form
from .failure import error_of
from .feedback import ModelQuality, Outcome, Recorded
from .health import CHECK, WATCH, Health, health_answer, health_request
from .house import HouseLike
from .job import Scores
from .ledger import Ledger, StreamPolicy, Tally
from .progress import Progress
from .results import ModelInfo, Prediction, Reloaded, RolledBack, RowError
from .sources import chunks_of, count_of
from .stream import never, score_chunks


class HousingClient(Caller):
    """Talks to a prediction server; safe to use from many threads.

    Args:
        target: Address, such as "localhost:50051" or "dns:///prices.example:443".
        api_key: Sent with each call; None for none.
        tls: True for encryption with the system's certificates, a `Tls` or
            credentials for others, False for none.
        options: More channel options of gRPC; they win over ours.
    """

    def predict(
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
        """Returns the price of one house.

        Args:
            house: A mapping from feature names in any case, or an object with such
                attributes; a feature that is None or not there is filled in.
            explain: Whether to say what makes the price.
            reference: A house to explain the price against, as `house`; asks by itself.
            level: Share of prices that the interval is to hold, from 0.5 to 0.99; 0.9 if None.
            receipt: Whether to give a receipt, with which the price that the house sells for can
                be sent back later.
            routing_key: Decides which of two models that a server compares answers: the same key
                always gets the same one. Without it, the houses decide.
            timeout: Seconds to wait.
            **features: More features; they win over those of `house`.

        Raises:
            HousingError: The house cannot be scored, or the server not be asked.
        """
        beside = asked(
            explain=explain, reference=reference, level=level, receipt=receipt,
            routing_key=routing_key,
        )  # fmt: skip
        request = requests.predict(house, features, beside)
        return decode.prediction(self._call(self._predictions.Predict, request, timeout))

    def predict_batch(
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
        """Returns one result a house, in order, all by the same model.

        Args:
            houses: As `predict` takes them.
            explain: See `predict`, as for all that follow.
            reference: A house to explain the prices against.
            level: Share of prices that the intervals are to hold.
            receipt: Whether to give a receipt of each price.
            routing_key: See `predict`.
            timeout: Seconds to wait.

        Raises:
            HousingError: There are no houses or too many, the server cannot be asked, or more
                prices are to be explained than it explains in one call.
        """
        beside = asked(
            explain=explain, reference=reference, level=level, receipt=receipt,
            routing_key=routing_key,
        )  # fmt: skip
        batch = requests.Batch(houses, beside)
        return batch.results(self._call(self._predictions.PredictBatch, batch.request, timeout))

    def score(
        self,
        source: Iterable[HouseLike] | str | PathLike[str],
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
    ) -> Scores:
        """Returns the prices of any number of houses, in order, as they come.

        A stream that breaks is gone on with after the last answer, in a new one.
        The source is iterated in the thread of the caller, between the results: while it
        blocks, results that are there already wait for its next chunk. Where that may be
        long, as of a queue, use `AsyncHousingClient`, which waits for both at once.

        Args:
            source: Houses as `predict` takes them, a DataFrame, an array of 13
                columns, or the path of a CSV, NDJSON or Parquet file.
            form: "matrix" is the fastest; "rows" returns the warnings of each house, too.
            chunk_rows: Houses in a message.
            pin_model: Whether one model is to answer for the whole job.
            intervals: Whether to ask for intervals and p-values in the matrix form, too; the
                chunks have them as the arrays `lower`, `upper` and `p_value`.
            explain: Whether to say what makes each price. A server explains so many prices a
                chunk: `info().explanation.max_rows`.
            reference: A house to explain the prices against; asks by itself.
            level: Share of prices that the intervals are to hold, from 0.5 to 0.99; asks for
                intervals by itself.
            receipt: Whether to give a receipt of each price; takes the rows form.
            routing_key: See `predict`.
            ignore: Names of columns or keys that are no features.
            keep: Names of others, such as an id, whose values come back with the results.
            progress: True for a bar where there is a terminal, or a function that
                is called after each chunk.
            policy: How to stream; for tuning. Its `pin_model` counts, too.

        Raises:
            ValueError: `form`, `chunk_rows` or the policy makes no sense.
            HousingError: Mostly while iterating: the source cannot be read, the server
                refused, or it did not come back. A source without houses gives nothing.
        """
        layout = requests.layout(form, chunk_rows, ignore, keep)
        return self.score_chunks_of(
            chunks_of(source, layout),
            tally=Tally(total=count_of(source), notes=layout.notes),
            progress=progress,
            policy=requests.policy(policy, pin_model=pin_model),
            beside=asked(
                explain=explain,
                reference=reference,
                level=level,
                intervals=intervals,
                receipt=receipt,
                routing_key=routing_key,
            ),
        )

    def score_chunks_of(
        self,
        chunks: Iterator[Any],
        *,
        tally: Tally,
        progress: Progress,
        policy: StreamPolicy,
        pinned: str = "",
        blocks: Callable[[], bool] = never,
        beside: Asked = NOTHING,
    ) -> Scores:
        """Returns the prices of houses that are in chunks already; see `score`.

        Args:
            chunks: The houses.
            tally: Is kept up to date.
            progress: See `score`.
            policy: How to stream.
            pinned: The model that a pinned job had before.
            blocks: Returns whether the next chunk would have to be waited for.
            beside: What is asked for beside prices.
        """
        ledger = Ledger(policy, tally, pinned, beside)
        found = score_chunks(self._open_stream, chunks, ledger, blocks)
        return Scores(found, tally, progress)

    def info(self, *, timeout: float = requests.INFO_SECONDS) -> ModelInfo:
        """Returns all about the model that is live.

        Raises:
            HousingError: The server cannot be asked.
        """
        return decode.model_info(self._call(self._models.ModelInfo, requests.info(), timeout))

    def reload(
        self,
        *,
        version: str | None = None,
        alias: str | None = None,
        dry_run: bool = False,
        timeout: float = requests.RELOAD_SECONDS,
    ) -> Reloaded:
        """Makes another model live; without a target, the one of the server's alias.

        Args:
            version: A registered version.
            alias: An alias of the registered model.
            dry_run: Whether to change nothing, and to learn how prices would differ.
            timeout: Seconds to wait; the reload goes on without its caller.

        Raises:
            HousingError: The old model goes on serving.
        """
        request = requests.reload(version, alias, dry_run=dry_run)
        return decode.reloaded(self._call(self._models.ReloadModel, request, timeout))

    def rollback(self, *, timeout: float = requests.ROLLBACK_SECONDS) -> RolledBack:
        """Makes the previous model live again, which the server still has in memory.

        Args:
            timeout: Seconds to wait.

        Raises:
            HousingError: It is in memory no more, or another change is under way.
        """
        answer = self._call(self._models.RollbackModel, requests.rollback(), timeout)
        return decode.rolled_back(answer)

    def record_outcomes(
        self, outcomes: Iterable[Outcome], *, timeout: float = feedback.RECORD_SECONDS
    ) -> list[Recorded | RowError]:
        """Says what houses sold for; may be sent again, as each receipt counts once.

        Args:
            outcomes: At least one, and at most as many as a batch may have houses.
            timeout: Seconds to wait.

        Returns:
            One result an outcome, in order. What was recorded is on the server's disk.

        Raises:
            HousingError: The server keeps no outcomes, or cannot be asked.
        """
        request = feedback.request(outcomes)
        return feedback.results(self._call(self._feedback.RecordOutcomes, request, timeout))

    def quality(
        self, model_version: str = "", *, timeout: float = requests.INFO_SECONDS
    ) -> Sequence[ModelQuality]:
        """Returns how good prices were, by the outcomes so far; the live model first.

        Args:
            model_version: Of the models that are wanted; "" for all.
            timeout: Seconds to wait.

        Raises:
            HousingError: The server keeps no outcomes, or cannot be asked.
        """
        request = feedback.quality_request(model_version)
        return feedback.quality(self._call(self._feedback.GetQuality, request, timeout))

    def health(self, service: str = "", *, timeout: float = requests.INFO_SECONDS) -> Health:
        """Returns what the server says of itself.

        Args:
            service: Full name of a service, or "" for the whole server.
            timeout: Seconds to wait.

        Raises:
            HousingError: The server cannot be asked.
        """
        ask: Any = self._channel.unary_unary(CHECK)
        return health_answer(self._call(ask, health_request(service), timeout))

    def watch(self, service: str = "") -> Iterator[Health]:
        """Yields what the server says of itself, now and whenever it changes.

        Raises:
            HousingError: The server cannot be asked any more.
        """
        ask: Any = self._channel.unary_stream(WATCH)
        call = ask(health_request(service), metadata=self._metadata)
        try:
            yield from map(health_answer, call)
        except grpc.RpcError as error:
            raise error_of(error) from None
        finally:
            call.cancel()

    def close(self) -> None:
        """Closes the connection; calls under way are cancelled."""
        self._closed = True
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: Callable[..., Any], request: Any, timeout: float) -> Any:
        connection.check_open(closed=self._closed)
        try:
            return method(request, timeout=timeout, metadata=self._metadata)
        except grpc.RpcError as error:
            raise error_of(error) from None
