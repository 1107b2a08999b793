"""The time after a change of model in which the previous one can come back at once."""

import threading
import time
from collections.abc import Callable

from housing_grpc.model.source import Fetched

# One may be an odd house, and two its retry.
_FAULTS = 3


class Probation:
    """Watches a new model for some time, in a thread of its own.

    Args:
        previous: The model before it, which is kept in memory meanwhile.
        generation: Of the new model.
        seconds: How long it lasts.
        failed: Called with this when the model has given what is no price three times; returns
            whether to count on.
        over: Called with this when the time is up.
    """

    def __init__(
        self,
        previous: Fetched,
        generation: int,
        *,
        seconds: float,
        failed: Callable[["Probation"], bool],
        over: Callable[["Probation"], None],
    ) -> None:
        self.previous = previous
        self._generation = generation
        self._ends = time.monotonic() + seconds
        self._failed = failed
        self._over = over
        self._changed = threading.Condition()
        self._counts = True
        self._faults = 0
        self._ended = False

    def start(self) -> None:
        """Begins to watch."""
        threading.Thread(target=self._watch, name="probation", daemon=True).start()

    def end(self) -> None:
        """Ends it; what is being called already may still be on its way."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def fault(self, generation: int) -> None:
        """Counts that a model gave what is no price.

        Args:
            generation: The model's: a call may still hold another one.
        """
        with self._changed:
            if self._counts and generation == self._generation:
                self._faults += 1
                self._changed.notify_all()

    def _watch(self) -> None:
        while self._await():
            if self._faults < _FAULTS:
                self._over(self)
                return
            self._counts, self._faults = self._failed(self), 0

    def _await(self) -> bool:
        """Waits until there is something to do, or returns False at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or self._faults >= _FAULTS, self._ends - time.monotonic()
            )
            return not self._ended
