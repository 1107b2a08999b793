"""How many streams there may be at a time: in all, and of one key."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from housing_grpc.access.callers import Caller
from housing_grpc.base.errors import Reason, ServingError

_RETRY_SECONDS = 1.0


class StreamSlots:
    """Room for streams.

    Args:
        most: Most streams at a time.
        most_of_key: Most streams at a time of one key; callers without a key share all of them.
    """

    def __init__(self, most: int, most_of_key: int) -> None:
        self._most = most
        self._most_of_key = most_of_key
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()

    def check(self, caller: Caller | None) -> None:
        """Checks whether one more can be served.

        Raises:
            ServingError: TOO_MANY_STREAMS.
        """
        name = _name(caller)
        # guard: the number of streams
        if self.count() >= self._most:
            raise _too_many(f"the server has all the {self._most} streams that it takes")
        # guard: the number of streams of a key
        if name and self._open[name] >= self._most_of_key:
            raise _too_many(f"this key has all the {self._most_of_key} streams that one key may")

    @contextmanager
    def taken(self, caller: Caller | None) -> Iterator[None]:
        """Takes the room of one stream.

        Raises:
            ServingError: TOO_MANY_STREAMS.
        """
        name = _name(caller)
        with self._lock:
            self.check(caller)
            self._open[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._open[name] -= 1
                if not self._open[name]:
                    del self._open[name]

    def count(self) -> int:
        """Returns how many streams are open."""
        return self._open.total()


def _name(caller: Caller | None) -> str:
    return caller.name if caller else ""


def _too_many(message: str) -> ServingError:
    return ServingError(Reason.TOO_MANY_STREAMS, message, retry_seconds=_RETRY_SECONDS)
