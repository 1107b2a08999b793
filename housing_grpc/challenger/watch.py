"""Asks for the verdict from time to time, for the metrics, in a thread of its own."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from housing_grpc.base import background
from housing_grpc.base.errors import ServingError
from housing_grpc.challenger.reporting import Report, Reporter

_SECONDS = 5.0
# A twentieth of a processor is the most that it may take.
_PATIENCE = 20


class Watch:
    """Tells what was reported until it is stopped; while that fails, what was told before stays.

    Args:
        reporter: Is asked.
        tell: Called with each report, and with None where there is no challenger.
        seconds: Between two questions; more where they take long.
    """

    def __init__(
        self,
        reporter: Reporter,
        tell: Callable[[Report | None], None],
        *,
        seconds: float = _SECONDS,
    ) -> None:
        self._reporter = reporter
        self._tell = tell
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="experiment", daemon=True)

    def start(self) -> None:
        """Begins to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Asks no more, and waits for what is on its way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        pause = self._seconds
        while not self._stopping.wait(pause):
            started, pause = time.monotonic(), self._seconds
            with suppress(ServingError):
                self._tell(background.run(self._reporter.report, "experiment"))
                pause = max(pause, _PATIENCE * (time.monotonic() - started))
