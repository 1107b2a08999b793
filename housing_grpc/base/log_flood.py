"""Keeps what comes by the thousand from filling the log."""

import threading
import time

# So many lines a second tell enough.
_MOST_LINES = 20


class Flood:
    """Counts lines of the log, so that refusing a caller costs less than serving one would."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = 0
        self._lines = 0
        self._unlogged = 0

    def unlogged(self) -> int | None:
        """Returns None for a line too many, else how many were so since the last one."""
        second = int(time.monotonic())
        with self._lock:
            if second != self._second:
                self._second, self._lines = second, 0
            self._lines += 1
            if self._lines > _MOST_LINES:
                self._unlogged += 1
                return None
            unlogged, self._unlogged = self._unlogged, 0
            return unlogged
