"""Counts what was predicted, from what, and how far that is from the training data."""

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from housing_grpc.base.errors import Area, Reason
from housing_grpc.bundle import extension
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.ranges import Ranges
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.houses.row_summary import Survey, survey
from housing_grpc.metrics.catalogue import DRIFT_WINDOW, PRICES
from housing_grpc.metrics.drift import Window
from housing_grpc.metrics.state import Series, State
from housing_grpc.metrics.tally import Tally

Rows = NDArray[np.float64]

# Single houses that are folded at a time: about a millisecond's work.
_BACKLOG = 2048
_BOUNDS = np.array(PRICES)
_COLUMNS = len(FEATURE_NAMES)

_Of = TypeVar("_Of")
_Price = TypeVar("_Price")


class PredictionMetrics:
    """Counts predictions; from any thread.

    Counts are exact: every house is looked at. Of drift, only the latest houses of the
    model that is live are kept.
    """

    def __init__(self) -> None:
        # Appending to a deque is atomic and takes no lock.
        self._ones: deque[tuple[Ranges, Rows | bytes, float]] = deque()
        self._lock = threading.Lock()
        self._imputed = np.zeros(_COLUMNS, dtype=np.int64)
        self._outside = np.zeros(_COLUMNS, dtype=np.int64)
        self._prices = np.zeros(len(PRICES) + 1, dtype=np.int64)
        self._price_sum = 0.0
        self._rejected = Tally([reason for reason in Reason if reason.area is Area.HOUSE])
        self._live: Bundle | None = None
        self._window: Window | None = None

    def observe_one(self, ranges: Ranges, row: Rows | bytes, price: float) -> None:
        """Counts the answer for one house.

        Args:
            ranges: Of the model that answered.
            row: 13 doubles next to each other, as an array or their bytes, NaN where a
                value was missing; not changed after.
            price: In the target's unit.
        """
        self._ones.append((ranges, row, price))
        if len(self._ones) >= _BACKLOG:
            self._fold_if_free()

    def observe(self, ranges: Ranges, rows: Rows, prices: Rows, seen: Survey) -> None:
        """Counts the answers for many houses.

        Args:
            ranges: Of the model that answered.
            rows: Those that were scored, shape (n, 13), NaN where a value was missing.
            prices: Shape (n,), in the target's unit.
            seen: What the rows hold.
        """
        with self._lock:
            self._count(ranges, rows, prices, seen)

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
        ones = [self._ones.popleft() for _ in range(len(self._ones))]
        for ranges, rows, prices in _by_ranges(ones):
            # An array is as good as its bytes to join, which its type does not tell.
            joined = np.frombuffer(b"".join(cast("Sequence[bytes]", rows))).reshape(-1, _COLUMNS)
            self._count(ranges, joined, np.array(prices), survey(joined, ranges))

    def _count(self, ranges: Ranges, rows: Rows, prices: Rows, seen: Survey) -> None:
        self._outside += seen.outside
        self._imputed += seen.missing
        _count_prices(prices, self._prices)
        self._price_sum += float(prices.sum())
        if self._window and self._live and ranges is self._live.ranges:
            self._window.add(rows)


def _count_prices(prices: Rows, counts: NDArray[np.int64]) -> None:
    if extension.count_bins is None:
        counts += np.bincount(np.searchsorted(_BOUNDS, prices), minlength=len(counts))
    else:
        extension.count_bins(prices, _BOUNDS, counts)


def _by_ranges(
    entries: Sequence[tuple[Ranges, _Of, _Price]],
) -> Iterator[tuple[Ranges, Sequence[_Of], Sequence[_Price]]]:
    if not entries:
        return
    # One by one is quicker than zip(*entries), as in `calls`.
    ranges = [entry[0] for entry in entries]
    rows = [entry[1] for entry in entries]
    prices = [entry[2] for entry in entries]
    # By identity: arrays do not compare to one truth. Mostly it is one model's alone.
    if len(set(map(id, ranges))) == 1:
        yield ranges[0], rows, prices
        return
    for _, group in groupby(entries, key=lambda entry: id(entry[0])):
        yield next(_by_ranges(list(group)))


def _by_feature(counts: NDArray[np.int64]) -> Series:
    return {
        (name,): [float(count)] for name, count in zip(FEATURE_NAMES, counts.tolist(), strict=True)
    }
