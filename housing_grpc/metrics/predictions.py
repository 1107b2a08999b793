"""Counts what was predicted, from what, and how far that is from the training data."""

import math
import threading
from collections import deque
from collections.abc import Callable
from itertools import groupby

import numpy as np

from housing_grpc.base.errors import Area, Reason
from housing_grpc.bundle.arrays import Counts, PlainNumbers, Rows
from housing_grpc.bundle.metadata import INTERVAL_LEVEL
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts.assessment import UNLIKE_TRAINING
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.row_summary import summarize
from housing_grpc.houses.scored import Scored
from housing_grpc.metrics import drift
from housing_grpc.metrics.catalogue import (
    DRIFT_WINDOW,
    P_VALUES,
    P_WINDOW,
    PRICES,
    WIDTH_WINDOW,
    WIDTHS,
)
from housing_grpc.metrics.distribution import Distribution
from housing_grpc.metrics.drift import Window
from housing_grpc.metrics.state import Series, State
from housing_grpc.metrics.tally import Tally

Counted = Callable[[Ranges, Rows, Rows], object]

# Single houses that are folded at a time: about a millisecond's work.
_BACKLOG = 2048
_COLUMNS = len(FEATURE_NAMES)


class PredictionMetrics:
    """Counts predictions; from any thread.

    Counts are exact: every house is looked at. Of drift, only the latest houses of the
    model that is live are kept.

    Args:
        counted: Called with houses that were counted: the ranges of the model that answered, the
            rows, shape (n, features), and what it said, shape (5, n), as of PlainNumbers.
    """

    def __init__(self, counted: Counted = lambda *_: None) -> None:
        self._counted = counted
        # Appending to a deque is atomic and takes no lock.
        self._queue: deque[tuple[Ranges, bytes, PlainNumbers]] = deque()
        self._lock = threading.Lock()
        self._imputed = np.zeros(_COLUMNS, dtype=np.int64)
        self._outside = np.zeros(_COLUMNS, dtype=np.int64)
        self._prices = Distribution(PRICES)
        self._widths = Distribution(WIDTHS)
        self._p_values = Distribution(P_VALUES)
        self._unlike = 0
        self._rejected = Tally([reason for reason in Reason if reason.area is Area.HOUSE])
        self._live: Bundle | None = None
        self._window: Window | None = None

    def observe_house(self, ranges: Ranges, row: bytes, numbers: PlainNumbers) -> None:
        """Counts the answer for one house.

        Args:
            ranges: Of the model that answered.
            row: Float64, one for each feature, NaN where it was missing.
            numbers: What the model said of it.
        """
        self._queue.append((ranges, row, numbers))
        # Houses that come one by one are counted by the thousand.
        if len(self._queue) >= _BACKLOG:
            self._fold_if_free()

    def observe(self, ranges: Ranges, rows: Rows, scored: Scored) -> None:
        """Counts the answers for some houses.

        Args:
            ranges: Of the model that answered.
            rows: Those that were scored.
            scored: What the model said of them.
        """
        numbers = _numbers(scored)
        if len(rows) == 1:
            self.observe_house(ranges, rows.tobytes(), tuple(numbers[:, 0].tolist()))
            return
        with self._lock:
            self._count(ranges, rows, numbers)

    def rejected(self, reason: str, count: int = 1) -> None:
        """Counts houses that could not be scored."""
        self._rejected.add(reason, count)

    def on_live(self, bundle: Bundle) -> None:
        """Compares with another model's training data from here on, if it is another."""
        with self._lock:
            self._fold()
            if self._live is None or self._live.digest != bundle.digest:
                self._window = Window(bundle.metadata, bundle.error_per_half_width)
            self._live = bundle

    def state(self) -> State:
        """Returns all counts up to now."""
        with self._lock:
            self._fold()
            return {
                "prediction_values": self._prices.series(),
                "prediction_interval_width": self._widths.series(),
                "housing_applicability_p_value": self._p_values.series(),
                "housing_unlike_training_total": {(): [float(self._unlike)]},
                "out_of_range_features_total": _by_feature(self._outside),
                "housing_imputed_features_total": _by_feature(self._imputed),
                "housing_rows_rejected_total": self._rejected.series(),
                DRIFT_WINDOW: self._window.series() if self._window else {},
                P_WINDOW: self._window.p_series() if self._window else {},
                WIDTH_WINDOW: self._window.width_series() if self._window else {},
            }

    def expected_mae(self) -> float:
        """Returns the mean absolute error that the latest houses lead to expect.

        In the target's unit, of the live model; NaN while none of its prices had an interval.
        """
        with self._lock:
            self._fold()
            widths = self._window.width_series() if self._window else {}
            return drift.expected_error(widths).get((), [math.nan])[0]

    def _fold_if_free(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._fold()
            finally:
                self._lock.release()

    def _fold(self) -> None:
        queue = [self._queue.popleft() for _ in range(len(self._queue))]
        # By identity: arrays do not compare to one truth.
        for _, group in groupby(queue, key=lambda entry: id(entry[0])):
            entries = list(group)
            rows = np.frombuffer(b"".join([entry[1] for entry in entries]))
            numbers = np.array([entry[2] for entry in entries]).T
            self._count(entries[0][0], rows.reshape(-1, _COLUMNS), numbers)

    def _count(self, ranges: Ranges, rows: Rows, numbers: Rows) -> None:
        summary = summarize(rows, ranges)
        self._outside += summary.outside
        self._imputed += summary.missing
        prices, lower, upper, p_values, _ = numbers
        self._prices.add(prices)
        widths, p_values = upper - lower, p_values[~np.isnan(p_values)]
        finite = np.isfinite(widths)
        self._widths.add(widths[finite])
        self._p_values.add(p_values)
        self._unlike += int(np.count_nonzero(p_values < UNLIKE_TRAINING))
        if self._window and self._live and ranges is self._live.ranges:
            # Upwards: downwards, intervals end at 0.
            self._window.add(rows, p_values, (upper - prices)[finite])
        self._counted(ranges, rows, numbers)


def _numbers(scored: Scored) -> Rows:
    """Returns what is counted of each house, as of PlainNumbers: shape (5, n)."""
    numbers = np.full((5, len(scored.prices)), np.nan)
    numbers[0] = scored.prices
    if scored.assessment is not None:
        numbers[1:] = scored.assessment.numbers
        # Widths of different levels are no one distribution.
        if scored.assessment.level != INTERVAL_LEVEL:
            numbers[1] = np.nan
    return numbers


def _by_feature(counts: Counts) -> Series:
    return {
        (name,): [float(count)] for name, count in zip(FEATURE_NAMES, counts.tolist(), strict=True)
    }
