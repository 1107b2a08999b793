"""Notices evaluations that never end: a model may spin on inputs that its trial did not have.

A thread that computes outside Python cannot be ended, so all that can be done here is to say so.
"""

import threading
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from housing_grpc.base.overdue import Overdue

P = ParamSpec("P")
T = TypeVar("T")


class Watchdog:
    """Watches the threads that evaluate the model.

    Args:
        seconds: Longest time that one evaluation may take: of a house, of the part of a batch
            that is scored in one go, or of a chunk of a stream.
        stuck: Called with how many threads are held for longer, whenever that changes.
    """

    def __init__(self, seconds: float, stuck: Callable[[int], None]) -> None:
        self._stuck = stuck
        self._held = 0
        self._threads: Overdue[int] = Overdue(seconds, self._look, "watchdog")

    def start(self) -> None:
        """Begins to watch."""
        self._threads.start()

    def run(self, evaluate: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Evaluates on this thread, watched."""
        thread = threading.get_ident()
        self._threads.begin(thread)
        try:
            return evaluate(*given, **named)
        finally:
            self._threads.end(thread)

    def close(self) -> None:
        """Watches no more."""
        self._threads.close()

    def _look(self, held: Sequence[int]) -> None:
        if len(held) != self._held:
            self._held = len(held)
            self._stuck(self._held)
