"""Prices houses for all rpcs: parts them, asks the model, counts, and encodes the answer."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import grpc
import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base import processors
from housing_grpc.bundle.arrays import PlainAnswer, PlainNumbers, Rows
from housing_grpc.bundle.errors import ModelOutputError
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.calls.deadline import check_active
from housing_grpc.houses import decode, domain, encode
from housing_grpc.houses.options import NO_OPTIONS, RECEIPT_ONLY, Options
from housing_grpc.houses.row_validation import Partition, partition
from housing_grpc.houses.scored import Scored
from housing_grpc.model.live import LiveModel
from housing_grpc.services import bundle_parts
from housing_grpc.services.evaluation_watchdog import Watchdog
from housing_grpc.services.explainer import Explainer
from housing_grpc.services.receipts import Receipts

# Between two of them the call is given up if nobody waits for it.
_PART_ROWS = 1024
_FREE = nullcontext()


class Observer(Protocol):
    """Counts what is predicted, and from what."""

    def observe(self, ranges: Ranges, rows: Rows, scored: Scored) -> None:
        """Takes note of houses, and of what the model said of them."""

    def observe_house(self, ranges: Ranges, row: bytes, numbers: PlainNumbers) -> None:
        """Takes note of one house, and of what the model said of it."""

    def rejected(self, reason: str, count: int = 1) -> None:
        """Takes note of houses that could not be scored."""


class Scorer:
    """Scores houses; what is wrong with one costs that one alone.

    Args:
        observer: Hears of every house.
        watchdog: Notices evaluations that never end.
        explainer: Explains prices.
        receipts: Gives receipts of prices.
        failed: Called with a model that gave what is no price.
    """

    def __init__(
        self,
        observer: Observer,
        watchdog: Watchdog,
        explainer: Explainer,
        receipts: Receipts,
        failed: Callable[[LiveModel], None] = lambda _: None,
    ) -> None:
        self._observer = observer
        self._watched = watchdog.run
        self._explainer = explainer
        self._receipts = receipts
        self._failed = failed
        self._turns = threading.Semaphore(processors.usable())

    def check(self, live: LiveModel, options: Options, count: int) -> None:
        """Refuses what is asked of houses, before any of them is scored.

        Args:
            live: The model to ask.
            options: What is asked.
            count: How many houses there are in the call, or in the chunk.

        Raises:
            ServingError: LEVEL_OUT_OF_RANGE, what is wrong with the reference house,
                NOT_IN_BUNDLE, RECEIPTS_OFF or EXPLAIN_TOO_LARGE.
        """
        if options.receipt:
            self._receipts.check()
        if options is NO_OPTIONS or options is RECEIPT_ONLY:
            return
        options.check()
        bundle_parts.check(live.bundle.parts, options)
        if options.explain:
            self._explainer.check(live.bundle, count)

    def admitted(
        self, live: LiveModel, options: Options, count: int
    ) -> AbstractContextManager[None]:
        """Checks a call that is no stream as `check` does; it is to be scored within.

        Raises:
            ServingError: As of `check`, or OVERLOADED.
        """
        self.check(live, options, count)
        return self._explainer.worker_held(live.bundle, count) if options.explain else _FREE

    def parts(
        self, live: LiveModel, rows: Rows, options: Options, context: grpc.ServicerContext
    ) -> Iterator[tuple[int, Rows]]:
        """Yields where each part of the houses of a call starts, and the part.

        Args:
            live: The model to ask.
            rows: The houses, shape (n, features).
            options: What is asked of them.
            context: The call's.

        Raises:
            ServingError: Nobody waits for the answer any more.
        """
        step = _PART_ROWS
        if options.explain:
            step = min(step, self._explainer.part_rows(live.bundle))
        for start in range(0, len(rows), step):
            # guard: the deadline of a long batch
            check_active(context)
            yield start, rows[start : start + step]

    def score_house(
        self, live: LiveModel, row: bytes, options: Options, context: grpc.ServicerContext
    ) -> bytes:
        """Returns the answer for one house, as the bytes of a PredictResponse.

        Args:
            live: The model to ask.
            row: The house, as of a HouseRequest.
            options: What is asked of it.
            context: The call's.

        Raises:
            ServingError: It cannot be scored.
        """
        if options.are_usual:
            found = self.score_plain(live, row)
            if found is not None:
                return self._plain(live, row, found, options)
        houses = self.partition(live, decode.rows_of(row), lambda _: "house")
        if houses.errors:
            raise houses.errors[0]
        scored = self.score_rows(live, houses.rows, options, context, assess=True)
        now, ranges = time.time_ns(), live.bundle.ranges
        receipt = "".join(self._receipts_of(live, now, houses, scored, options))
        return encode.encode_prediction(houses, scored, ranges, live.version, now, receipt=receipt)

    def score_plain(self, live: LiveModel, row: bytes) -> PlainAnswer | None:
        """Scores one house that is like the training data, in one go.

        Args:
            live: The model to ask.
            row: The house, as of a HouseRequest.

        Returns:
            None if it is unlike the training data, or cannot be scored.
        """
        try:
            found = self._watched(live.bundle.answer_plain, row, domain.DOMAIN)
        except ModelOutputError:
            self._failed(live)
            raise
        if found is not None:
            self._observer.observe_house(live.bundle.ranges, row, found[0])
        return found

    def score_houses(
        self,
        live: LiveModel,
        rows: Rows,
        start: int,
        options: Options,
        context: grpc.ServicerContext,
        *,
        at: int,
    ) -> tuple[bytes, int]:
        """Answers houses one by one.

        Args:
            live: The model to ask.
            rows: The houses, or a part of the request's.
            start: Where that part starts among them.
            options: What is asked of them.
            context: The call's.
            at: When the call is answered, in nanoseconds of Unix time.

        Returns:
            One result a house, in order, as the bytes of RowResults; and how many of
            them are errors.
        """
        houses = self.partition(live, rows, lambda place: f"items[{start + place}]")
        scored = self.score_rows(live, houses.rows, options, context, assess=True)
        receipts = self._receipts_of(live, at + start, houses, scored, options)
        results = encode.encode_results(houses, scored, live.bundle.ranges, receipts)
        return results, len(houses.errors)

    def score_matrix(
        self,
        live: LiveModel,
        rows: Rows,
        start: int,
        options: Options,
        context: grpc.ServicerContext,
    ) -> pb.PriceVector:
        """Returns numbers for each house; otherwise as `score_houses`."""
        houses = self.partition(live, rows, lambda place: f"items[{start + place}]")
        scored = self.score_rows(live, houses.rows, options, context, assess=options.intervals)
        return encode.encode_prices(houses, scored, live.bundle.ranges, start)

    def _plain(self, live: LiveModel, row: bytes, found: PlainAnswer, options: Options) -> bytes:
        now, receipt = time.time_ns(), ""
        numbers, is_remarkable = found
        if options.receipt:
            receipt = self._receipts.of_house(live, now, row, numbers)
        ranges = live.bundle.ranges if is_remarkable else None
        return encode.encode_plain(numbers, row, ranges, live.version, now, receipt=receipt)

    def _receipts_of(
        self, live: LiveModel, at: int, houses: Partition, scored: Scored, options: Options
    ) -> list[str]:
        return self._receipts.of_rows(live, at, houses, scored) if options.receipt else []

    def partition(self, live: LiveModel, rows: Rows, path: Callable[[int], str]) -> Partition:
        """Parts houses that can be scored from those that cannot, and counts these.

        Args:
            live: The model to ask.
            rows: The houses, shape (n, features).
            path: Returns where a row stands in the request.
        """
        houses = partition(rows, live.bundle.ranges, path)
        if houses.errors:
            reasons = Counter(error.reason for error in houses.errors.values())
            for reason, count in reasons.items():
                self._observer.rejected(reason, count)
        return houses

    def score_rows(
        self,
        live: LiveModel,
        rows: Rows,
        options: Options,
        context: grpc.ServicerContext,
        *,
        assess: bool,
    ) -> Scored:
        """Scores houses.

        Args:
            live: The model to ask.
            rows: Houses that can be scored, or a part of them, shape (n, features).
            options: What is asked of them.
            context: The call's.
            assess: Whether to say how sure prices are, and how unusual the houses.
        """
        try:
            # Threads that compute without the interpreter's lock, more than there are processors,
            # would crowd out the one that accepts and refuses calls. A row alone takes no time.
            with self._turns if len(rows) > 1 else _FREE:
                scored = self._scored(live, rows, options.level, assess=assess)
            return self._explained(live, rows, scored, options, context)
        except ModelOutputError:
            self._failed(live)
            raise

    def _scored(self, live: LiveModel, rows: Rows, level: float, *, assess: bool) -> Scored:
        scored = self._watched(_evaluated, live.bundle, rows, level, assess=assess)
        if len(rows):
            self._observer.observe(live.bundle.ranges, rows, scored)
        return scored

    def _explained(
        self,
        live: LiveModel,
        rows: Rows,
        scored: Scored,
        options: Options,
        context: grpc.ServicerContext,
    ) -> Scored:
        if not options.explain:
            return scored
        explanation = self._explainer.explain(
            live.bundle, rows, scored.prices, options.reference, context
        )
        return Scored(scored.prices, scored.assessment, explanation)


def _evaluated(bundle: Bundle, rows: Rows, level: float, *, assess: bool) -> Scored:
    prices = bundle.predict(rows) if len(rows) else np.empty(0)
    return Scored(prices, bundle.assess(rows, prices, level) if assess else None)
