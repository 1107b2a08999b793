"""Keeps what comes by the thousand from filling the log."""

import threading
import time
from collections import Counter

# So many lines of a kind in a second are enough.
_MOST_LINES = 20


class Flood:
    """Counts lines of the log by kind, so that refusing a caller costs less than serving one.

    Args:
        processes: So many share the lines of a second, each with a count of its own.
    """

    def __init__(self, processes: int = 1) -> None:
        self._most_lines = max(1, _MOST_LINES // processes)
        self._lock = threading.Lock()
        self._second = 0
        self._lines: Counter[str] = Counter()
        self._unlogged: Counter[str] = Counter()

    def unlogged(self, kind: str) -> int | None:
        """Returns None for a line too many, else how many were so since the last one.

        Args:
            kind: One of a few, such as a reason: each has lines of its own.
        """
        second = int(time.monotonic())
        with self._lock:
            if second != self._second:
                self._second = second
                self._lines.clear()
            self._lines[kind] += 1
            # guard: the lines of the log
            if self._lines[kind] > self._most_lines:
                self._unlogged[kind] += 1
                return None
            return self._unlogged.pop(kind, 0)
