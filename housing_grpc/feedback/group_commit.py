"""Lets requests that come at the same time share one commit, which waits for the disk.

Alone, a request is written at once. Those that come while it is written wait for it, and the first
of them then writes for all: with six at a time, SQLite records some four times as many.
"""

import threading
import time
from collections.abc import Callable, Sequence

from housing_grpc.feedback.errors import StoreUnavailableError
from housing_grpc.feedback.outcome import Outcome, Recorded

Write = Callable[[Sequence[Outcome], float], list[Recorded]]

# Others wait for the whole transaction.
_MOST_OUTCOMES = 10_000


class _Request:
    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes = outcomes
        self.results: list[Recorded] | None = None
        self.error: StoreUnavailableError | None = None

    @property
    def done(self) -> bool:
        return self.results is not None or self.error is not None


class GroupCommit:
    """Writes for all who wait.

    Args:
        write: Records outcomes in one transaction, within so many seconds.

    Attributes:
        waiting: Requests that nobody has begun to write.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._writing = threading.Lock()
        self._lock = threading.Lock()
        self.waiting: list[_Request] = []

    def record(self, outcomes: Sequence[Outcome], seconds: float) -> list[Recorded]:
        """Records outcomes; returns what was done with each.

        Args:
            outcomes: At least one.
            seconds: Within which they are to be on disk.

        Raises:
            StoreUnavailableError: Perhaps none of them was recorded.
        """
        request, end = _Request(outcomes), time.monotonic() + seconds
        with self._lock:
            self.waiting.append(request)
        if not self._writing.acquire(timeout=max(seconds, 0)):
            with self._lock:
                if request in self.waiting:
                    self.waiting.remove(request)
            raise StoreUnavailableError("those before took too long")
        try:
            if not request.done:
                self._write_for_all(self._taken(request), end - time.monotonic())
        finally:
            self._writing.release()
        if request.error is not None:
            raise request.error
        return request.results or []

    def _taken(self, own: _Request) -> list[_Request]:
        with self._lock:
            self.waiting.remove(own)
            taken, count = [own], len(own.outcomes)
            for other in list(self.waiting):
                count += len(other.outcomes)
                if count > _MOST_OUTCOMES:
                    break
                self.waiting.remove(other)
                taken.append(other)
            return taken

    def _write_for_all(self, requests: Sequence[_Request], seconds: float) -> None:
        try:
            results = self._write([each for one in requests for each in one.outcomes], seconds)
        except StoreUnavailableError as error:
            _fail(requests, error)
            return
        except BaseException:
            _fail(requests, StoreUnavailableError("the one that wrote for it failed"))
            raise
        start = 0
        for request in requests:
            request.results = results[start : start + len(request.outcomes)]
            start += len(request.outcomes)


def _fail(requests: Sequence[_Request], error: StoreUnavailableError) -> None:
    for request in requests:
        request.error = error
