"""Runs calls on a few threads, of which one that waits for its caller is not counted.

A worker has to wait until a call's message has come. Callers that send headers and
no message would hold every worker; here others take their place until the wait ends,
or until it has lasted so long that the call is cancelled.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from queue import SimpleQueue
from typing import Any

import grpc

from housing_grpc import log

_TICK_SECONDS = 0.025
_STALLED_SECONDS = 0.02
# On a busy machine, an honest caller's message may take that long.
_GIVING_WAY_SECONDS = 0.25
# Of the last call in the mean time that calls take.
_WEIGHT = 0.05

# Threads that are told to end in one go.
_MOST_NUDGED = 16

_Job = tuple[Callable[..., Any], tuple[Any, ...]]
_NOTHING: _Job = (lambda: None, ())

_Wait = tuple[grpc.ServicerContext, float]

_logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Seat:
    """What a worker waits for, and since when; with no context, since when it computes."""

    context: grpc.ServicerContext | None = None
    since: float = 0.0


class CallPool(ThreadPoolExecutor):
    """Workers for calls.

    It is a ThreadPoolExecutor because grpcio takes nothing else for the pool of a
    method; the base class never starts a thread.

    Args:
        workers: Threads that compute.
        spare: Most threads more, in place of those that wait for a caller.
        patience_seconds: Longest wait for a caller's message.
        name: Of the threads.
    """

    def __init__(self, workers: int, *, spare: int, patience_seconds: float, name: str) -> None:
        super().__init__(1)
        self._base = workers
        self._most = workers + spare
        self._patience = patience_seconds
        self._name = name
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._seats: set[_Seat] = set()
        self._stalled = 0
        self._mean = 0.0
        self._closed = False
        self._alert = threading.Event()
        self._grow(workers)
        threading.Thread(target=self._watch, name=f"{name}-watch", daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Queues a call; grpcio wants to know of its end only to count calls, which it does not."""
        self._jobs.put((fn, args))
        return _ENDED

    def queued(self) -> int:
        """Returns how many calls wait for a worker."""
        return self._jobs.qsize()

    def expected_wait(self) -> float:
        """Returns how many seconds a call would wait for a worker, as calls went lately."""
        return self._jobs.qsize() * self._mean / self._base

    def receive(self, messages: Any, context: grpc.ServicerContext) -> Any:
        """Returns the next message of a call, for which this worker waits.

        Raises:
            StopIteration: There is none.
            grpc.RpcError: The call was cancelled, by its caller or for its slowness.
        """
        seat: _Seat = self._local.seat
        seat.since = time.monotonic()
        seat.context = context
        if not self._alert.is_set():
            self._alert.set()
        try:
            return next(messages)
        finally:
            seat.context = None
            seat.since = time.monotonic()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the base's
        """Ends the threads when what is queued is done."""
        self._closed = True
        self._alert.set()
        with self._lock:
            for _ in self._seats:
                self._jobs.put(None)

    def _grow(self, count: int) -> None:
        with self._lock:
            for _ in range(min(count, self._most - len(self._seats))):
                seat = _Seat()
                self._seats.add(seat)
                threading.Thread(
                    target=self._work, args=(seat,), name=self._name, daemon=True
                ).start()

    def _work(self, seat: _Seat) -> None:
        self._local.seat = seat
        while (job := self._jobs.get()) is not None:
            call, args = job
            seat.since = time.monotonic()
            try:
                call(*args)
            except BaseException as error:  # noqa: BLE001 - the worker must outlive any call
                log.event(_logger, logging.ERROR, "worker.failed", error=error)
            # Nothing of a call may live on while the next one is waited for.
            del job, call, args
            self._mean += _WEIGHT * (time.monotonic() - seat.since - self._mean)
            if len(self._seats) > self._base + self._stalled and self._leaves(seat):
                return
        with self._lock:
            self._seats.discard(seat)

    def _leaves(self, seat: _Seat) -> bool:
        with self._lock:
            surplus = len(self._seats) > self._base + self._stalled
            if surplus:
                self._seats.discard(seat)
        return surplus

    def _watch(self) -> None:
        while not self._closed:
            self._alert.wait()
            time.sleep(_TICK_SECONDS)
            if not self._tend():
                continue
            self._alert.clear()
            # Whoever began to wait just before that did not set it again.
            if not self._tend():
                self._alert.set()

    def _tend(self) -> bool:
        """Ends waits that last too long, replaces workers that wait; tells if all is well."""
        now = time.monotonic()
        waits = [
            (context, now - seat.since)
            for seat in tuple(self._seats)
            if (context := seat.context) is not None
        ]
        self._stalled = sum(seconds > _STALLED_SECONDS for _, seconds in waits)
        queued, missing = self._jobs.qsize(), self._base + self._stalled - len(self._seats)
        self._end_waits(waits, queued)
        if queued and missing > 0 and not self._closed:
            # All at once: those ahead in the queue may be as slow as those that hold us up.
            self._grow(max(missing, queued))
        if not queued:
            for _ in range(min(-missing, _MOST_NUDGED)):
                self._jobs.put(_NOTHING)  # Whoever takes it sees that it may leave.
        return not waits and missing >= 0

    def _end_waits(self, waits: list[_Wait], queued: int) -> None:
        # Where there is no room for more workers, those that waited longest give way.
        giving_way = queued if len(self._seats) >= self._most else 0
        waits.sort(key=itemgetter(1), reverse=True)
        for place, (context, seconds) in enumerate(waits):
            if seconds > (_GIVING_WAY_SECONDS if place < giving_way else self._patience):
                context.cancel()


class InlinePool(ThreadPoolExecutor):
    """Runs calls at once on the thread that accepts them: for refusals, which never wait."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Runs a call."""
        fn(*args)
        return _ENDED


class OnPool:
    """A behaviour that runs on a pool of its own: grpcio looks for these attributes.

    Args:
        behaviour: As grpcio calls it.
        pool: Runs it.
        non_blocking: Whether it is given a callback and goes on answering when it has returned.
    """

    def __init__(
        self,
        behaviour: Callable[..., Any],
        pool: ThreadPoolExecutor,
        *,
        non_blocking: bool = False,
    ) -> None:
        self._behaviour = behaviour
        self.experimental_thread_pool = pool
        self.experimental_non_blocking = non_blocking

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Runs the behaviour."""
        return self._behaviour(*args, **named)


def _ended() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(None)
    return future


_ENDED = _ended()
