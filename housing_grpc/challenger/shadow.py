"""Has the challenger price what the live model has priced, in a thread that nobody waits for.

It works for an eightieth of the time at most, so that calls keep the processors. What comes faster
is dropped, and counted.
"""

import logging
import threading
import time
from collections import deque
from typing import NamedTuple

import numpy as np

from housing_grpc.base import background, log
from housing_grpc.bundle.arrays import Rows
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.challenger.pricing import LARGEST, prices
from housing_grpc.model.challenger_slot import Experiment

# What waits: a few folds of the metrics' queue.
_MOST_WAITING = 8192
# Many at a time: whenever the thread comes back from the model, calls wait for it to go on.
_PART_ROWS = 2048
# Rest for each unit of work.
_REST = 79.0
_STOP_SECONDS = 1.0

_logger = logging.getLogger(__name__)

Pair = tuple[str, str]
"""Versions of the live model and of its challenger."""


class ShadowSums(NamedTuple):
    """What became of the houses of a shadow; those of several servers are added up.

    Attributes:
        scored: Houses that both models have priced.
        dropped: Left out, as the challenger was behind.
        failed: Without a price of the challenger.
        difference: Sum of the challenger's price minus the live model's, in the target's unit.
        absolute: Sum of its size.
        squares: Sum of its square.
        bounded: Houses whose price had an interval.
        outside: Those of these for which the challenger's price lies outside of it.
        price: Sum of the live model's prices.
    """

    scored: float = 0.0
    dropped: float = 0.0
    failed: float = 0.0
    difference: float = 0.0
    absolute: float = 0.0
    squares: float = 0.0
    bounded: float = 0.0
    outside: float = 0.0
    price: float = 0.0

    def plus(self, other: "ShadowSums") -> "ShadowSums":
        """Returns both together."""
        return ShadowSums(*(a + b for a, b in zip(self, other, strict=True)))


class _Part(NamedTuple):
    experiment: Experiment
    rows: Rows
    numbers: Rows


class Shadow:
    """Compares prices; from any thread."""

    def __init__(self) -> None:
        self._experiment: Experiment | None = None
        self._lock = threading.Lock()
        self._sums: dict[Pair, ShadowSums] = {}
        self._waiting: deque[_Part] = deque()
        self._rows = 0
        self._filled = threading.Event()
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._random = np.random.default_rng()
        self._thread = threading.Thread(target=self._work, name="shadow", daemon=True)

    def start(self) -> None:
        """Begins to price."""
        self._thread.start()

    def stop(self) -> None:
        """Prices no more; does not wait for a model that takes long."""
        self._stopping.set()
        self._filled.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def changed(self, experiment: Experiment | None) -> None:
        """Compares other models from now on, or none."""
        with self._lock:
            self._experiment = experiment
            self._waiting.clear()
            self._rows = 0
            pair = _pair(experiment) if experiment else None
            # The sums of experiments that are over go.
            self._sums = {key: sums for key, sums in self._sums.items() if key == pair}
            if pair is not None:
                self._sums.setdefault(pair, ShadowSums())
        # guard: the next challenger does not wait
        # The rest of a slow model is none of the next one's.
        self._woken.set()

    def offer(self, ranges: Ranges, rows: Rows, numbers: Rows) -> None:
        """Takes houses that have been priced; returns at once.

        Args:
            ranges: Of the model that did.
            rows: Shape (n, features), NaN where a value is missing; must not change any more.
            numbers: Of each: price, and lower and upper end of its interval, NaN if it has none;
                shape (3 or more, n).
        """
        experiment = self._experiment
        # Those that the challenger has answered itself are left out.
        if experiment is None or ranges is not experiment.champion.bundle.ranges:
            return
        share = experiment.challenge.shadow
        if share < 1:
            drawn = self._random.random(len(rows)) < share
            rows, numbers = rows[drawn], numbers[:, drawn]
        with self._lock:
            if not len(rows) or experiment is not self._experiment:
                return
            # A challenger that is behind leaves houses out.
            # guard: a shadow that is behind
            room = max(_MOST_WAITING - self._rows, 0)
            if len(rows) > room:
                self._add(experiment, ShadowSums(dropped=float(len(rows) - room)))
                rows, numbers = rows[:room], numbers[:, :room]
            for start in range(0, len(rows), _PART_ROWS):
                end = start + _PART_ROWS
                self._waiting.append(_Part(experiment, rows[start:end], numbers[:3, start:end]))
            self._rows += len(rows)
        self._filled.set()

    def sums(self) -> dict[Pair, ShadowSums]:
        """Returns what became of the houses so far."""
        with self._lock:
            return dict(self._sums)

    def _work(self) -> None:
        background.give_way()
        while self._filled.wait():
            self._woken.clear()
            if self._stopping.is_set():
                return
            began = time.perf_counter()
            try:
                self._step()
            except Exception as error:  # noqa: BLE001 - the thread must outlive any model
                log.event(_logger, logging.ERROR, "shadow.failed", error=error)
            took = time.perf_counter() - began
            # Calls keep the processors.
            self._woken.wait(took * _REST)

    def _step(self) -> None:
        with self._lock:
            if not self._waiting:
                self._filled.clear()
                return
            part = self._waiting.popleft()
            self._rows -= len(part.rows)
        found = ShadowSums(failed=float(len(part.rows)))
        try:
            found = compared(part.numbers, prices(part.experiment.challenger.bundle, part.rows))
        finally:
            with self._lock:
                self._add(part.experiment, found)

    def _add(self, experiment: Experiment, sums: ShadowSums) -> None:
        pair = _pair(experiment)
        if pair in self._sums:
            self._sums[pair] = self._sums[pair].plus(sums)


def compared(numbers: Rows, others: Rows) -> ShadowSums:
    """Returns how the prices of a challenger differ from those of the live model.

    Args:
        numbers: Price and ends of the interval by the live model, shape (3, n).
        others: The challenger's prices, NaN where it gave none; shape (n,).
    """
    # guard: sums of prices stay finite
    priced = ~np.isnan(others) & (np.abs(numbers[0]) <= LARGEST)
    mine, lower, upper = numbers[:, priced]
    difference = others[priced] - mine
    bounded = ~np.isnan(lower) & ~np.isnan(upper)
    outside = bounded & ((others[priced] < lower) | (others[priced] > upper))
    return ShadowSums(
        scored=float(len(mine)),
        failed=float(len(others) - len(mine)),
        difference=float(difference.sum()),
        absolute=float(np.abs(difference).sum()),
        squares=float(np.square(difference).sum()),
        bounded=float(bounded.sum()),
        outside=float(outside.sum()),
        price=float(mine.sum()),
    )


def _pair(experiment: Experiment) -> Pair:
    return experiment.champion.version, experiment.challenger.version
