"""What all workers have counted, those included that are gone."""

import threading
import time
from collections.abc import Callable, Iterable
from weakref import WeakSet

from housing_grpc.metrics.state import State, merge, retire
from housing_grpc.workers import protocol
from housing_grpc.workers.link import LinkClosedError, answer_of
from housing_grpc.workers.worker_handle import WorkerHandle

# A worker that takes longer is counted with what it said the last time.
_SECONDS = 1.0


class MetricsSum:
    """Adds up; no counter ever falls.

    Args:
        own: What the supervisor itself counts.
        workers: Gives those that serve now.
    """

    def __init__(
        self, own: Callable[[], State], workers: Callable[[], Iterable[WorkerHandle]]
    ) -> None:
        self._own = own
        self._workers = workers
        # Held over a whole question: an answer that is shown must not be older than one before.
        self._lock = threading.Lock()
        self._last: dict[WorkerHandle, State] = {}
        self._gone: WeakSet[WorkerHandle] = WeakSet()
        self._retired: State = {}

    def state(self) -> State:
        """Asks all workers, and returns their sum."""
        with self._lock:
            asked = [(worker, worker.send(protocol.Count())) for worker in self._workers()]
            until = time.monotonic() + _SECONDS
            for worker, future in asked:
                try:
                    answer = answer_of(future, until - time.monotonic())
                except LinkClosedError:
                    continue
                if isinstance(answer, protocol.Counted):
                    self._last[worker] = answer.state
            return merge([self._own(), self._retired, *self._last.values()])

    def note(self, worker: WorkerHandle, state: State) -> None:
        """Takes the last word of a worker, unless it comes too late."""
        with self._lock:
            # What such a one had counted before is kept already: it would be counted twice.
            if worker not in self._gone:
                self._last[worker] = state

    def gone(self, worker: WorkerHandle) -> None:
        """Keeps what a worker that is gone had counted when it was last asked."""
        with self._lock:
            self._gone.add(worker)
            last = self._last.pop(worker, None)
            if last is not None:
                self._retired = merge([self._retired, retire(last)])
