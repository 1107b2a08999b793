"""Prices every house by copies of a recipe that were fitted without it."""

import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ..data.dataset import Dataset
from .scores import predict_held

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

Way = Indices | None
"""Of parting the rows into folds: the fold of each, shape (n,); None for no way."""

Fold = tuple[int, int]
"""A fold: the place of its way, and its number in that."""

Fits = Callable[[Pipeline, Dataset, Sequence[Way], Sequence[Fold]], Generator[tuple[int, Numbers]]]
"""Fits a copy without each fold; yields its place and the prices of its rows, in any order."""

STEPS = 10
"""How many steps `prices` announces."""


def in_threads(
    pipeline: Pipeline, dataset: Dataset, ways: Sequence[Way], folds: Sequence[Fold]
) -> Generator[tuple[int, Numbers]]:
    """Fit on the cores of this machine."""
    # The libraries let go of the interpreter's lock while they fit.
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield from enumerate(
            pool.map(lambda fold: price_fold(pipeline, dataset, ways, fold), folds)
        )
    finally:
        # Of a training that is stopped, no more are begun.
        pool.shutdown(cancel_futures=True)


def prices(
    pipeline: Pipeline,
    dataset: Dataset,
    ways: Sequence[Way],
    step: Callable[[str], None] = lambda _: None,
    fits: Fits = in_threads,
) -> list[Numbers]:
    """Return the price of each row by a copy that was fitted without its fold, for each way.

    Args:
        pipeline: It is left as it is.
        dataset: The rows.
        ways: Of parting the rows into folds; prices of no way mean nothing.
        step: Called up to `STEPS` times, with what begins.
        fits: Where copies are fitted.
    """
    folds = [
        (place, int(number))
        for place, way in enumerate(ways)
        if way is not None
        for number in np.unique(way)
    ]
    found = [np.empty(len(dataset.target)) for _ in ways]
    starts = {len(folds) * number // STEPS for number in range(STEPS)}
    fitted = fits(pipeline, dataset, ways, folds)
    try:
        for count in range(len(folds)):
            if count in starts:
                step(f"houses held out, fit {count + 1} of {len(folds)}")
            index, priced = next(fitted)
            place, number = folds[index]
            found[place][ways[place] == number] = priced
    finally:
        fitted.close()
    return found


def price_fold(pipeline: Pipeline, dataset: Dataset, ways: Sequence[Way], fold: Fold) -> Numbers:
    """Return the prices of a fold's rows, in their order, by a copy that is fitted without it."""
    place, number = fold
    held = ways[place] == number
    return predict_held(pipeline, dataset, np.flatnonzero(~held), np.flatnonzero(held))


def numbered(splits: Any, rows: int) -> Indices:
    """Return the fold of each row, shape (rows,), of what a splitter of scikit-learn yields."""
    found = np.empty(rows, dtype=np.int64)
    for number, (_, held) in enumerate(splits):
        found[held] = number
    return found
