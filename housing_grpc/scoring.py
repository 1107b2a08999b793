"""Scores many houses at once; what is wrong with one costs that one alone."""

from collections.abc import Sequence

import numpy as np
from housing.v1 import prediction_pb2 as pb

from housing_grpc import codec_house, codec_price, validation
from housing_grpc.manager import LiveModel


def score_houses(live: LiveModel, houses: Sequence[pb.House], start: int = 0) -> list[pb.RowResult]:
    """Returns one result a house, in order.

    Args:
        live: The model to ask.
        houses: A part of the request's items.
        start: Where that part starts among them.
    """
    rows, positions, errors = codec_house.decode_houses(houses, start)
    prices = live.bundle.predict(rows) if len(rows) else np.empty(0)
    return codec_price.encode_results(
        count=len(houses),
        rows=rows,
        positions=positions,
        prices=prices,
        errors=errors,
        ranges=live.bundle.ranges,
    )


def score_rows(live: LiveModel, rows: codec_house.Rows) -> pb.PriceVector:
    """Returns one number a house.

    Args:
        live: The model to ask.
        rows: Shape (n, features), NaN where a value is missing.
    """
    errors = validation.faulty_rows(rows)
    if not errors:
        prices = live.bundle.predict(rows)
    else:
        good = np.ones(len(rows), dtype=np.bool_)
        good[list(errors)] = False
        prices = np.full(len(rows), np.nan)
        if good.any():
            prices[good] = live.bundle.predict(rows[good])
    return codec_price.encode_prices(rows, prices, errors, live.bundle.ranges)
