"""Prices every house by copies of a recipe that were fitted without it."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ..data.dataset import Dataset
from .scores import predict_held

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]

STEPS = 10
"""How many steps `prices` announces."""


def prices(
    pipeline: Pipeline,
    dataset: Dataset,
    ways: Sequence[Indices | None],
    step: Callable[[str], None] = lambda _: None,
) -> list[Numbers]:
    """Return the price of each row by a copy that was fitted without its fold, for each way.

    Args:
        pipeline: It is left as it is.
        dataset: The rows.
        ways: Of parting the rows into folds: the fold of each, shape (n,); None for no way, whose
            prices mean nothing.
        step: Called up to `STEPS` times, with what begins.
    """
    tasks = [
        (way, np.flatnonzero(folds != fold), np.flatnonzero(folds == fold))
        for way, folds in enumerate(ways)
        if folds is not None
        for fold in np.unique(folds)
    ]
    found = [np.empty(len(dataset.target)) for _ in ways]
    starts = {len(tasks) * number // STEPS for number in range(STEPS)}
    # The libraries let go of the interpreter's lock while they fit.
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        held_prices = pool.map(lambda task: predict_held(pipeline, dataset, *task[1:]), tasks)
        for number, (way, _, held) in enumerate(tasks):
            if number in starts:
                step(f"houses held out, fit {number + 1} of {len(tasks)}")
            found[way][held] = next(held_prices)
    finally:
        # Of a training that is stopped, no more are begun.
        pool.shutdown(cancel_futures=True)
    return found


def numbered(splits: Any, rows: int) -> Indices:
    """Return the fold of each row, shape (rows,), of what a splitter of scikit-learn yields."""
    found = np.empty(rows, dtype=np.int64)
    for number, (_, held) in enumerate(splits):
        found[held] = number
    return found
