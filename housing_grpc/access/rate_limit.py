"""How many calls a caller may make: the generic cell rate algorithm.

It is the token bucket kept as one number, the time at which the bucket would be
full again, which several processes can share.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from housing_grpc.base.errors import Reason, ServingError


class Numbers(Protocol):
    """A list, or memory of other processes, too."""

    def __getitem__(self, place: int, /) -> float:
        """Returns a number."""
        ...

    def __setitem__(self, place: int, number: float, /) -> None:
        """Changes a number."""
        ...


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Where the number is kept: in this process, by default.

    Attributes:
        numbers: The number is one of them.
        place: Which.
        lock: Held while it is changed.
    """

    numbers: Numbers = field(default_factory=lambda: [0.0])
    place: int = 0
    lock: AbstractContextManager[object] = field(default_factory=threading.Lock)


class RateLimit:
    """Lets calls through at a steady rate, and a burst of them at once.

    Args:
        per_second: Calls a second in the long run; more than 0.
        burst: Most calls at once, at least 1.
        cell: Where the number is kept.
        clock: Seconds; for tests.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        *,
        cell: Cell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._interval = 1 / per_second
        self._slack = self._interval * (burst - 1)
        self._clock = clock
        cell = cell or Cell()
        self._lock, self._numbers, self._place = cell.lock, cell.numbers, cell.place

    def take(self) -> float:
        """Counts a call if it may go on.

        Returns:
            0 if so, else the seconds until one may; then nothing is counted.
        """
        numbers, place = self._numbers, self._place
        now = self._clock()
        with self._lock:
            full_at = max(numbers[place], now)
            wait = full_at - self._slack - now
            if wait > 0:
                return wait
            numbers[place] = full_at + self._interval
        return 0.0


def too_fast(wait: float) -> ServingError:
    """Returns the error of a call that may go on in so many seconds."""
    return ServingError(
        Reason.RATE_LIMITED,
        "this key has reached its rate limit; wait before the next call",
        retry_seconds=wait,
    )
