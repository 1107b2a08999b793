"""Counts the prices that are explained, and how long that takes."""

import threading

import numpy as np

from housing_grpc.bundle.parts.explanation import Method
from housing_grpc.metrics.catalogue import SECONDS
from housing_grpc.metrics.distribution import Distribution
from housing_grpc.metrics.state import State
from housing_grpc.metrics.tally import Tally


class ExplanationMetrics:
    """Counts explanations; from any thread."""

    def __init__(self) -> None:
        self._rows = Tally(method.lower() for method in Method)
        self._lock = threading.Lock()
        self._seconds = Distribution(SECONDS)

    def explained(self, method: str, rows: int, seconds: float) -> None:
        """Counts prices that were explained in one go.

        Args:
            method: How.
            rows: How many.
            seconds: How long it took.
        """
        self._rows.add(method.lower(), rows)
        with self._lock:
            self._seconds.add(np.array([seconds]))

    def state(self) -> State:
        """Returns all counts up to now."""
        with self._lock:
            seconds = self._seconds.series()
        return {
            "housing_explanations_total": self._rows.series(),
            "housing_explanation_seconds": seconds,
        }
