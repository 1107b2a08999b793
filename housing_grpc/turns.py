"""Lets calls in while this process computes for long.

The interpreter runs one thread at a time, and one that computes keeps the others waiting for
5 ms each time that they want a turn, of which a call takes several.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TURN_SECONDS = 0.0005


@contextmanager
def short_turns() -> Iterator[None]:
    """Has threads take turns ten times as often; one thread at a time may ask for it."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
