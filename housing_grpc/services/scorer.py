"""Prices houses for all rpcs: parts them, asks the model, counts, and encodes the answer."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Protocol

import grpc
import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base import processors
from housing_grpc.bundle.arrays import Prices, Rows
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.calls.deadline import check_active
from housing_grpc.houses import encode
from housing_grpc.houses.partition import Partition, partition
from housing_grpc.model.live import LiveModel
from housing_grpc.services.evaluation_watchdog import Watchdog

# Between two of them the call is given up if nobody waits for it.
_PART_ROWS = 1024


def parts(rows: Rows, context: grpc.ServicerContext) -> Iterator[tuple[int, Rows]]:
    """Yields where each part of the houses of a request starts, and the part.

    Args:
        rows: The houses, shape (n, features).
        context: The call's.

    Raises:
        ServingError: Nobody waits for the answer any more.
    """
    for start in range(0, len(rows), _PART_ROWS):
        # guard: the deadline of a long batch
        check_active(context)
        yield start, rows[start : start + _PART_ROWS]


class Observer(Protocol):
    """Counts what is predicted, and from what."""

    def observe(self, ranges: Ranges, rows: Rows, prices: Prices) -> None:
        """Takes note of houses and their prices."""

    def rejected(self, reason: str, count: int = 1) -> None:
        """Takes note of houses that could not be scored."""


class Scorer:
    """Scores houses; what is wrong with one costs that one alone.

    Args:
        observer: Hears of every house.
        watchdog: Notices evaluations that never end.
    """

    def __init__(self, observer: Observer, watchdog: Watchdog) -> None:
        self._observer = observer
        self._watched = watchdog.run
        self._turns = threading.Semaphore(processors.usable())

    def score_house(self, live: LiveModel, row: Rows) -> pb.PredictResponse:
        """Returns the answer for one house.

        Args:
            live: The model to ask.
            row: The house, shape (1, features).

        Raises:
            ServingError: It cannot be scored.
        """
        ranges = live.bundle.ranges
        houses = partition(row, ranges, lambda _: "house")
        prices = self._prices(live, houses)
        if houses.errors:
            raise houses.errors[0]
        return encode.encode_prediction(houses, float(prices[0]), ranges, live.version)

    def score_houses(self, live: LiveModel, rows: Rows, start: int = 0) -> tuple[bytes, int]:
        """Answers houses one by one.

        Args:
            live: The model to ask.
            rows: The houses, or a part of the request's.
            start: Where that part starts among them.

        Returns:
            One result a house, in order, as the bytes of RowResults; and how many of
            them are errors.
        """
        houses = partition(rows, live.bundle.ranges, lambda place: f"items[{start + place}]")
        prices = self._prices_in_turn(live, houses)
        return encode.encode_results(houses, prices, live.bundle.ranges), len(houses.errors)

    def score_matrix(self, live: LiveModel, rows: Rows, start: int = 0) -> pb.PriceVector:
        """Returns one number a house; otherwise as `score_houses`."""
        houses = partition(rows, live.bundle.ranges, lambda place: f"items[{start + place}]")
        prices = self._prices_in_turn(live, houses)
        return encode.encode_prices(houses, prices, live.bundle.ranges, start)

    def _prices_in_turn(self, live: LiveModel, houses: Partition) -> Prices:
        # Threads that compute without the interpreter's lock, more than there are processors,
        # would crowd out the one that accepts and refuses calls.
        with self._turns:
            return self._prices(live, houses)

    def _prices(self, live: LiveModel, houses: Partition) -> Prices:
        if houses.errors:
            reasons = Counter(error.reason for error in houses.errors.values())
            for reason, count in reasons.items():
                self._observer.rejected(reason, count)
        if not len(houses.rows):
            return np.empty(0)
        prices = self._watched(live.bundle.predict, houses.rows)
        self._observer.observe(live.bundle.ranges, houses.rows, prices)
        return prices
