"""Decode, predict, encode: for one house and for many."""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc import codec_house, codec_price, validation
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.errors import ServingError
from housing_grpc.live import LiveModel

_pack = struct.Struct(f"{len(FEATURE_NAMES)}d").pack


class Observer(Protocol):
    """Counts what is predicted, and from what."""

    def observe_one(self, ranges: Ranges, row: bytes, price: float) -> None:
        """Takes note of one house: its values as float64 bytes, NaN where one is missing."""

    def observe(self, ranges: Ranges, rows: codec_house.Rows, prices: codec_house.Rows) -> None:
        """Takes note of many houses: shapes (n, features) and (n,)."""

    def rejected(self, reason: str, count: int = 1) -> None:
        """Takes note of houses that could not be scored."""


class Scorer:
    """Scores houses; what is wrong with one costs that one alone.

    Args:
        observer: Told of every house.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def score_house(self, live: LiveModel, house: pb.House) -> pb.PredictResponse:
        """Returns the answer for one house.

        Raises:
            ServingError: It cannot be scored.
        """
        try:
            values = codec_house.decode_house(house, "house")
        except ServingError as error:
            self._observer.rejected(error.reason)
            raise
        price, ranges = live.bundle.predict_row(values), live.bundle.ranges
        self._observer.observe_one(ranges, _pack(*values), price)
        return codec_price.encode_prediction(values, price, ranges, live.version)

    def score_houses(
        self, live: LiveModel, houses: Sequence[pb.House], start: int = 0
    ) -> list[pb.RowResult]:
        """Returns one result a house, in order.

        Args:
            live: The model to ask.
            houses: A part of the request's items.
            start: Where that part starts among them.
        """
        rows, positions, errors = codec_house.decode_houses(houses, start)
        prices = self._prices(live, rows, errors)
        return codec_price.encode_results(
            count=len(houses),
            rows=rows,
            positions=positions,
            prices=prices,
            errors=errors,
            ranges=live.bundle.ranges,
        )

    def score_rows(self, live: LiveModel, rows: codec_house.Rows) -> pb.PriceVector:
        """Returns one number a house.

        Args:
            live: The model to ask.
            rows: Shape (n, features), NaN where a value is missing.
        """
        errors = validation.faulty_rows(rows)
        if not errors:
            prices = self._prices(live, rows, errors)
        else:
            good = np.ones(len(rows), dtype=np.bool_)
            good[list(errors)] = False
            prices = np.full(len(rows), np.nan)
            prices[good] = self._prices(live, rows[good], errors)
        return codec_price.encode_prices(rows, prices, errors, live.bundle.ranges)

    def _prices(
        self, live: LiveModel, rows: codec_house.Rows, errors: Mapping[int, ServingError]
    ) -> codec_house.Rows:
        for reason, count in Counter(error.reason for error in errors.values()).items():
            self._observer.rejected(reason, count)
        if not len(rows):
            return np.empty(0)
        prices = live.bundle.predict(rows)
        self._observer.observe(live.bundle.ranges, rows, prices)
        return prices
