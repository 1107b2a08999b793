"""How long tests wait for what has to come about."""

import time
from collections.abc import Callable

SECONDS = 300
"""Longest wait: a busy machine never takes so long, so that only a fault does."""

_LOOK_SECONDS = 0.02


def until(condition: Callable[[], bool]) -> None:
    """Waits for a condition to hold.

    Raises:
        AssertionError: It did not come about.
    """
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(_LOOK_SECONDS)
