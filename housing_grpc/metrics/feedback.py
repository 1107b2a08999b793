"""Counts outcomes, and shows how good the prices of each version were by them."""

import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from housing_grpc.base.errors import Area, Reason
from housing_grpc.metrics.catalogue import LAGS
from housing_grpc.metrics.distribution import Distribution
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tally import Tally

RESULTS: tuple[str, ...] = (
    "new",
    "same",
    "corrected",
    "retracted",
    *(reason for reason in Reason if reason.area is Area.OUTCOME),
)
"""What became of outcomes; all are counted from zero on."""


class Quality(Protocol):
    """How good the prices of a version were; NaN for what is not known."""

    def numbers(self) -> Mapping[str, float]:
        """Returns what is shown, by the end of its name: "rmse" of housing_live_rmse."""


class FeedbackMetrics:
    """Counts outcomes; from any thread."""

    def __init__(self) -> None:
        self._results = Tally(RESULTS)
        self._lock = threading.Lock()
        self._lags = Distribution(LAGS)
        self._quality: State = {}

    def recorded(self, result: str, count: int = 1) -> None:
        """Counts outcomes.

        Args:
            result: One of `RESULTS`.
            count: How many.
        """
        self._results.add(result, count)

    def lagged(self, seconds: Sequence[float]) -> None:
        """Counts how long after their prices outcomes were first recorded."""
        with self._lock:
            self._lags.add(np.array(seconds, dtype=np.float64))

    def measured(self, versions: Iterable[tuple[str, Quality]]) -> None:
        """Shows from here on how good the prices of some versions were, and of these alone.

        Args:
            versions: Each once.
        """
        state: State = {}
        for version, name, number in _numbers(versions):
            state.setdefault(f"housing_live_{name}", {})[version,] = [number]
        with self._lock:
            self._quality = state

    def state(self) -> State:
        """Returns all of it."""
        with self._lock:
            return {
                **self._quality,
                "housing_feedback_total": self._results.series(),
                "housing_feedback_lag_seconds": self._lags.series(),
            }


def _numbers(versions: Iterable[tuple[str, Quality]]) -> Iterator[tuple[str, str, float]]:
    for version, quality in versions:
        for name, number in quality.numbers().items():
            if not math.isnan(number):
                yield version, name, number
