"""Counts what was predicted, from what, and how far that is from the training data."""

import threading
from collections import deque
from itertools import groupby

import numpy as np

from housing_grpc.base.errors import Area, Reason
from housing_grpc.bundle.arrays import Counts, Prices, Rows
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.row_summary import summarize
from housing_grpc.metrics.catalogue import DRIFT_WINDOW, PRICES
from housing_grpc.metrics.drift import Window
from housing_grpc.metrics.state import Series, State
from housing_grpc.metrics.tally import Tally

# Single houses that are folded at a time: about a millisecond's work.
_BACKLOG = 2048
_BOUNDS = np.array(PRICES)
_COLUMNS = len(FEATURE_NAMES)


class PredictionMetrics:
    """Counts predictions; from any thread.

    Counts are exact: every house is looked at. Of drift, only the latest houses of the
    model that is live are kept.
    """

    def __init__(self) -> None:
        # Appending to a deque is atomic and takes no lock.
        self._queue: deque[tuple[Ranges, Rows, Prices]] = deque()
        self._lock = threading.Lock()
        self._imputed = np.zeros(_COLUMNS, dtype=np.int64)
        self._outside = np.zeros(_COLUMNS, dtype=np.int64)
        self._prices = np.zeros(len(PRICES) + 1, dtype=np.int64)
        self._price_sum = 0.0
        self._rejected = Tally([reason for reason in Reason if reason.area is Area.HOUSE])
        self._live: Bundle | None = None
        self._window: Window | None = None

    def observe(self, ranges: Ranges, rows: Rows, prices: Prices) -> None:
        """Counts the answers for some houses.

        Args:
            ranges: Of the model that answered.
            rows: Those that were scored; not changed after.
            prices: Theirs.
        """
        self._queue.append((ranges, rows, prices))
        # Houses that come one by one are counted by the thousand.
        if len(rows) > 1 or len(self._queue) >= _BACKLOG:
            self._fold_if_free()

    def rejected(self, reason: str, count: int = 1) -> None:
        """Counts houses that could not be scored."""
        self._rejected.add(reason, count)

    def on_live(self, bundle: Bundle) -> None:
        """Compares with another model's training data from here on, if it is another."""
        with self._lock:
            self._fold()
            if self._live is None or self._live.digest != bundle.digest:
                self._window = Window(bundle.metadata)
            self._live = bundle

    def state(self) -> State:
        """Returns all counts up to now."""
        with self._lock:
            self._fold()
            return {
                "prediction_values": {(): [*map(float, self._prices.tolist()), self._price_sum]},
                "out_of_range_features_total": _by_feature(self._outside),
                "housing_imputed_features_total": _by_feature(self._imputed),
                "housing_rows_rejected_total": self._rejected.series(),
                DRIFT_WINDOW: self._window.series() if self._window else {},
            }

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
            rows = np.concatenate([entry[1] for entry in entries])
            prices = np.concatenate([entry[2] for entry in entries])
            self._count(entries[0][0], rows, prices)

    def _count(self, ranges: Ranges, rows: Rows, prices: Prices) -> None:
        summary = summarize(rows, ranges)
        self._outside += summary.outside
        self._imputed += summary.missing
        places = np.searchsorted(_BOUNDS, prices)
        self._prices += np.bincount(places, minlength=len(self._prices))
        self._price_sum += float(prices.sum())
        if self._window and self._live and ranges is self._live.ranges:
            self._window.add(rows)


def _by_feature(counts: Counts) -> Series:
    return {
        (name,): [float(count)] for name, count in zip(FEATURE_NAMES, counts.tolist(), strict=True)
    }
