"""Measures models again and again, off the path of any call."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from housing_grpc.base import background
from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.measuring import Measured, Measuring

MOST_MODELS = 10
"""So many are measured: the live one, and those with the latest outcomes."""

_SECONDS = 5.0
# A twentieth of a processor is the most that it may take.
_PATIENCE = 20


class Refresher:
    """Tells what was measured, from a thread of its own, until it is stopped.

    While the store does not answer, what was told before stays.

    Args:
        measuring: Asks the store.
        tell: Called after each measurement.
        seconds: Between two of them; more where they take long.
    """

    def __init__(
        self,
        measuring: Measuring,
        tell: Callable[[Sequence[Measured]], None],
        *,
        seconds: float = _SECONDS,
    ) -> None:
        self._measuring = measuring
        self._tell = tell
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._refresh, name="quality", daemon=True)

    def start(self) -> None:
        """Measures at once, and then from time to time."""
        self._thread.start()

    def stop(self) -> None:
        """Measures no more, and waits for what is on its way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _refresh(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self._seconds
            # The store logs that it is away.
            with suppress(StoreUnavailableError):
                found, spent = background.run(self._measure, "measuring")
                self._tell(found)
                pause = max(pause, _PATIENCE * spent)

    def _measure(self) -> tuple[list[Measured], float]:
        """Returns what was measured, and the processor time that it took."""
        before = time.thread_time()
        return self._measuring.measure(MOST_MODELS), time.thread_time() - before
