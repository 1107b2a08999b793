"""Notices what has been under way for too long."""

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

# Looks within the time that a thing may be under way.
_LOOKS = 8
_MOST_SECONDS_BETWEEN_LOOKS = 1.0


class Overdue(Generic[K]):
    """What is under way, the longest first; to begin and to end cost a dictionary's entry.

    Args:
        seconds: Longest time that a thing may be under way.
        look: Called again and again with all that are overdue, also when there are none.
        name: Of the thread that looks.
    """

    def __init__(self, seconds: float, look: Callable[[Sequence[K]], None], name: str) -> None:
        self._seconds = seconds
        self._look = look
        self._since: dict[K, float] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def begin(self, key: K) -> None:
        """Notes that something is under way."""
        self._since[key] = time.monotonic()

    def end(self, key: K) -> None:
        """Notes that it is not any more, if it was."""
        self._since.pop(key, None)

    def count(self) -> int:
        """Returns how many are under way."""
        return len(self._since)

    def oldest(self) -> K | None:
        """Returns that which has been under way the longest, or None if nothing is."""
        while True:
            # What begins or ends meanwhile, on another thread, spoils the look, but not the next.
            with suppress(RuntimeError):
                return next(iter(self._since), None)

    def close(self) -> None:
        """Looks no more."""
        self._closed.set()

    def _run(self) -> None:
        pause = min(self._seconds / _LOOKS, _MOST_SECONDS_BETWEEN_LOOKS)
        while not self._closed.wait(pause):
            latest = time.monotonic() - self._seconds
            found = []
            for key, since in self._since.copy().items():
                # guard: the wait for a message
                if since > latest:
                    break
                found.append(key)
            self._look(found)
