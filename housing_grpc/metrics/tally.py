"""Counts rare events by one label."""

import threading
from collections.abc import Iterable

from housing_grpc.metrics.state import Series


class Tally:
    """Counts by one label; from any thread.

    Args:
        labels: Those that are counted from zero on; others are added when they occur.
    """

    def __init__(self, labels: Iterable[str]) -> None:
        self._lock = threading.Lock()
        self._counts = {str(label): 0 for label in labels}

    def add(self, label: str, count: int = 1) -> None:
        """Counts one event, or more."""
        with self._lock:
            self._counts[label] = self._counts.get(label, 0) + count

    def series(self) -> Series:
        """Returns all counts."""
        with self._lock:
            return {(str(label),): [float(count)] for label, count in self._counts.items()}
