"""Explains prices, within a budget, and so that prices are not kept waiting by it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import grpc

from housing_grpc.base import processors
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts.explanation import Explanation
from housing_grpc.calls.deadline import check_active
from housing_grpc.services.evaluation_watchdog import Watchdog

# So often the deadline is looked at in the longest call that is explained.
_PARTS = 8
# Explanations that take no longer than this together keep nobody waiting.
_SHORT_SECONDS = 0.01
_RETRY_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 60.0


class Observer(Protocol):
    """Counts what is explained."""

    def explained(self, method: str, rows: int, seconds: float) -> None:
        """Takes note of prices that were explained."""


def most_rows(bundle: Bundle, seconds: float) -> int:
    """Returns how many prices of a model are explained in one call or chunk.

    Args:
        bundle: Explains them.
        seconds: Most processor time that this may take, as reckoned; one is always explained.
    """
    return max(1, int(seconds / bundle.explanation_seconds))


class Explainer:
    """Explains prices on so few threads at a time that processors are left for prices.

    Args:
        observer: Hears of what is explained.
        watchdog: Notices evaluations that never end.
        seconds: Most processor time that one call may take, as reckoned.
        workers: Threads that serve calls which are no streams.
    """

    def __init__(
        self, observer: Observer, watchdog: Watchdog, *, seconds: float, workers: int
    ) -> None:
        self.seconds = seconds
        self._observer = observer
        self._watched = watchdog.run
        self._turns = threading.Semaphore(max(1, processors.usable() // 2))
        self._held = _HeldWorkers(max(1, workers // 2))

    def part_rows(self, bundle: Bundle) -> int:
        """Returns how many prices of a model are explained in one go."""
        return max(1, most_rows(bundle, self.seconds) // _PARTS)

    def check(self, bundle: Bundle, count: int) -> None:
        """Refuses to explain more prices than the budget allows.

        Raises:
            ServingError: EXPLAIN_TOO_LARGE.
        """
        most = most_rows(bundle, self.seconds)
        # guard: the budget of explanations
        if count > most:
            raise ServingError(
                Reason.EXPLAIN_TOO_LARGE,
                f"explain: {count} prices are to be explained, and of this model at most {most} "
                "are in one call or chunk; send them in parts",
            )

    @contextmanager
    def worker_held(self, bundle: Bundle, count: int) -> Iterator[None]:
        """Holds a worker of other calls meanwhile.

        Args:
            bundle: Explains the prices of the call.
            count: How many.

        Raises:
            ServingError: OVERLOADED: explanations hold too many workers already.
        """
        seconds = count * bundle.explanation_seconds
        self._held.begin(seconds)
        try:
            yield
        finally:
            self._held.end(seconds)

    def explain(
        self,
        bundle: Bundle,
        rows: Rows,
        prices: Prices,
        reference: Rows | None,
        context: grpc.ServicerContext,
    ) -> Explanation | None:
        """Explains the prices of some houses.

        Args:
            bundle: Gave the prices.
            rows: Houses that can be scored, shape (n, features).
            prices: Theirs.
            reference: A house to explain them against, shape (1, features), or None.
            context: The call's.

        Raises:
            ServingError: Nobody waits for the answer any more.
        """
        self._take_turn(context)
        begun = time.perf_counter()
        against = None if reference is None else reference[0]
        try:
            found = self._watched(bundle.explain, rows, against, prices)
        finally:
            self._turns.release()
        if found is not None:
            self._observer.explained(found.method, len(rows), time.perf_counter() - begun)
        return found

    def _take_turn(self, context: grpc.ServicerContext) -> None:
        # Threads that explain without the interpreter's lock would keep those that price from
        # the processors.
        while not self._turns.acquire(timeout=_patience(context)):
            check_active(context)


def _patience(context: grpc.ServicerContext) -> float:
    return min(max(context.time_remaining(), 0.0), _LONGEST_WAIT_SECONDS)


class _HeldWorkers:
    """How many workers explain, or wait for it: never all of them, unless for a moment.

    Args:
        most: Of these, however long it takes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._count = 0
        self._seconds = 0.0

    def begin(self, seconds: float) -> None:
        with self._lock:
            # guard: workers that explanations leave to prices
            if self._count >= self._most and self._seconds + seconds > _SHORT_SECONDS:
                raise ServingError(
                    Reason.OVERLOADED,
                    "too many explanations are under way; try again later, or ask for prices alone",
                    retry_seconds=_RETRY_SECONDS,
                )
            self._count += 1
            self._seconds += seconds

    def end(self, seconds: float) -> None:
        with self._lock:
            self._count -= 1
            # What rounding leaves over goes with the last one.
            self._seconds = self._seconds - seconds if self._count else 0.0
