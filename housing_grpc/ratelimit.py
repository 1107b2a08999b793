"""How many calls a caller may make: the generic cell rate algorithm.

It is the token bucket kept as one number, the time at which the bucket would be
full again, which several processes can share.
"""

import threading
import time
from collections.abc import Callable

from housing_grpc.errors import Reason, ServingError


class RateLimit:
    """Lets calls through at a steady rate, and a burst of them at once.

    Args:
        per_second: Calls a second in the long run; more than 0.
        burst: Most calls at once, at least 1.
        clock: Seconds; for tests.
    """

    def __init__(
        self, per_second: float, burst: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / per_second
        self._slack = self._interval * (burst - 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at = 0.0

    def take(self) -> float:
        """Counts a call if it may go on.

        Returns:
            0 if so, else the seconds until one may; then nothing is counted.
        """
        now = self._clock()
        with self._lock:
            full_at = max(self._full_at, now)
            wait = full_at - self._slack - now
            if wait > 0:
                return wait
            self._full_at = full_at + self._interval
        return 0.0


def too_fast(wait: float) -> ServingError:
    """Returns the error of a call that may go on in so many seconds."""
    return ServingError(
        Reason.RATE_LIMITED,
        "the calls of this key come faster than it may make them",
        retry_seconds=wait,
    )
