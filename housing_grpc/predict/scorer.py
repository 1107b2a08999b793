"""Decode, predict, encode: for one house and for many."""

import struct
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc.base import processors
from housing_grpc.base.errors import ServingError
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.calls.watchdog import Watchdog
from housing_grpc.houses import decode, decode_plain, encode, validation
from housing_grpc.houses.partition import Sifted, sift
from housing_grpc.houses.row_summary import Survey
from housing_grpc.model.live import LiveModel

Rows = decode.Rows

_row = struct.Struct(f"{len(FEATURE_NAMES)}d")
_pack, _unpack = _row.pack, _row.unpack


class Observer(Protocol):
    """Counts what is predicted, and from what."""

    def observe_one(self, ranges: Ranges, row: bytes, price: float) -> None:
        """Takes note of one house: its values as float64 bytes, NaN where one is missing."""

    def observe(self, ranges: Ranges, rows: Rows, prices: Rows, seen: Survey) -> None:
        """Takes note of many houses: shapes (n, features) and (n,), and what the rows hold."""

    def rejected(self, reason: str, count: int = 1) -> None:
        """Takes note of houses that could not be scored."""


class Scorer:
    """Scores houses; what is wrong with one costs that one alone.

    Args:
        observer: Told of every house.
        watchdog: Notices evaluations that never end.
    """

    def __init__(self, observer: Observer, watchdog: Watchdog) -> None:
        self._observer = observer
        self._watched = watchdog.run
        self._turns = threading.Semaphore(processors.usable())

    def score_house(self, live: LiveModel, house: pb.House) -> pb.PredictResponse:
        """Returns the answer for one house.

        Raises:
            ServingError: It cannot be scored.
        """
        try:
            values = decode.decode_house(house, "house")
        except ServingError as error:
            self._observer.rejected(error.reason)
            raise
        price, ranges = self._watched(live.bundle.predict_row, values), live.bundle.ranges
        self._observer.observe_one(ranges, _pack(*values), price)
        return encode.encode_prediction(values, price, ranges, live.version)

    def score_plain(
        self, live: LiveModel, asked: decode_plain.PlainHouse
    ) -> pb.PredictResponse | bytes:
        """Returns the answer for one house that was read from its bytes, or its bytes.

        Raises:
            ServingError: It cannot be scored.
        """
        ranges = live.bundle.ranges
        found = self._watched(live.bundle.price_row, asked.row, validation.DOMAIN)
        if found is None:
            return self.score_house(live, asked.house)
        price, says_all = found
        self._observer.observe_one(ranges, asked.row, price)
        if says_all:
            return encode.encode_price(price, live.version)
        return encode.encode_prediction(_unpack(asked.row), price, ranges, live.version)

    def score_houses(
        self, live: LiveModel, houses: Sequence[pb.House] | Rows, start: int = 0
    ) -> tuple[bytes, int]:
        """Answers houses one by one.

        Args:
            live: The model to ask.
            houses: A part of the request's items, as messages or as rows.
            start: Where that part starts among them.

        Returns:
            One result a house, in order, as the bytes of RowResults; and how many of
            them are errors.
        """
        sifted = sift(houses, live.bundle.ranges, start)
        prices = self._prices(live, sifted)
        return encode.encode_results(sifted, prices, live.bundle.ranges), len(sifted.errors)

    def score_rows(self, live: LiveModel, rows: Rows) -> pb.PriceVector:
        """Returns one number a house.

        Args:
            live: The model to ask.
            rows: Shape (n, features), NaN where a value is missing.
        """
        sifted = sift(rows, live.bundle.ranges)
        return encode.encode_prices(sifted, self._prices(live, sifted))

    def _prices(self, live: LiveModel, sifted: Sifted) -> Rows:
        for reason, count in Counter(error.reason for error in sifted.errors.values()).items():
            self._observer.rejected(reason, count)
        if not len(sifted.rows):
            return np.empty(0)
        # Threads that compute without the interpreter's lock, more than there are processors,
        # would crowd out the one that accepts and refuses calls.
        with self._turns:
            prices = self._watched(live.bundle.predict, sifted.rows)
        self._observer.observe(live.bundle.ranges, sifted.rows, prices, sifted.seen)
        return prices
