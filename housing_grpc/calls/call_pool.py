"""A pool of threads for calls: a call takes one when its message has come, not before."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Any

import grpc

from housing_grpc.base import log
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.base.overdue import Overdue
from housing_grpc.calls import grpcio_internals

# Weight of the newest call in the running average of call times.
_WEIGHT = 0.05
# A call that waits for its message holds some 10 KB, and the part of it that has arrived.
_MOST_WAITING = 4096
# Calls whose answer is not taken: the same, and the answer.
_MOST_UNREAD = 4096
# After which a refused caller may try again, at least.
_RETRY_SECONDS = 0.1

_Job = tuple[Callable[..., Any], tuple[Any, ...]]

_logger = logging.getLogger(__name__)


def _always() -> bool:
    return True


def on_pool(
    behaviour: Callable[..., Any],
    pool: ThreadPoolExecutor,
    *given: Any,
    non_blocking: bool = False,
    admit: Callable[[], bool] = _always,
) -> Any:
    """Returns a behaviour that runs on a pool of its own: grpcio looks for these attributes.

    Args:
        behaviour: Called with what is given, and then as grpcio calls it.
        pool: Runs it.
        given: Known beforehand.
        non_blocking: Whether it is given a callback and goes on answering when it has returned.
        admit: Whether a call may go to a worker of a CallPool, asked when its message is there;
            if not, the behaviour is run at once and has to end the call.
    """
    made: Any = partial(behaviour, *given)
    made.experimental_thread_pool = pool
    made.experimental_non_blocking = non_blocking
    made.admit = admit
    return made


class CallPool(ThreadPoolExecutor):
    """Workers for calls; one whose message has not come yet needs none.

    It is a ThreadPoolExecutor because grpcio takes nothing else for the pool of a
    method; the base class never starts a thread. A behaviour is to come from `on_pool`,
    its requests are to be a stream, and its message is asked for with `receive`.

    Args:
        workers: How many.
        patience_seconds: Longest wait for a caller's message, and until an answer is taken.
        name: Of the threads.
        threadless_waits: Whether to wait for messages without a worker, which has to be proven
            to work with the grpcio that is installed (`grpcio_self_test`); else workers wait.
        most_waiting: Of calls that wait for their caller; of more, the oldest is ended.
        clock: Gives the seconds that calls are timed by.
    """

    def __init__(
        self,
        workers: int,
        *,
        patience_seconds: float,
        name: str,
        threadless_waits: bool,
        most_waiting: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(1)
        self._count = workers
        self.threadless_waits = threadless_waits
        self._clock = clock
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._ending = False
        self._mean = 0.0
        self._waits = _Waits(patience_seconds, most_waiting or _MOST_WAITING, f"{name}-watch")
        self._unread = _Waits(patience_seconds, _MOST_UNREAD, f"{name}-unread")
        for _ in range(workers):
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Takes a call; grpcio wants to know of its end only to count calls, which it does not."""
        job = fn, args
        behaviour: Any = grpcio_internals.behaviour_of(args) if self.threadless_waits else None
        # guard: no worker waits for a message
        if getattr(behaviour, "experimental_thread_pool", None) is self:
            call = grpcio_internals.call_of(args)
            self._waits.begin(call)
            grpcio_internals.begin(args, partial(self._arrived, job, call, behaviour.admit))
        else:
            self._jobs.put(job)
        return _ENDED

    def queue(self) -> tuple[int, float]:
        """Returns how many calls wait for a worker, and for how many seconds one more would."""
        queued = self._jobs.qsize()
        return queued, queued * self._mean / self._count

    def check_room(self, most_queued: int, longest_wait: float) -> None:
        """Checks whether one more call may wait for a worker.

        Args:
            most_queued: Most calls that wait.
            longest_wait: Most seconds for which one may have to wait.

        Raises:
            ServingError: OVERLOADED.
        """
        queued, wait = self.queue()
        if wait > longest_wait or queued >= most_queued:
            raise ServingError(
                Reason.OVERLOADED,
                "the queue is too long to serve this call in time; try again later",
                retry_seconds=max(_RETRY_SECONDS, wait / 2),
            )

    def receive(self, messages: Any, context: grpc.ServicerContext) -> Any:
        """Returns the message of a call.

        Raises:
            StopIteration: There is none.
            grpc.RpcError: The call was cancelled, by its caller or for its slowness.
        """
        if self.threadless_waits:
            return grpcio_internals.take(messages)
        self._waits.begin(context)
        try:
            return next(messages)
        finally:
            self._waits.end(context)

    def watch_answer(self, context: grpc.ServicerContext) -> None:
        """Ends a call whose answer, which is made, is not taken in time.

        A caller decides how much of it may be sent, and until it is, all of it is held.
        """
        self._unread.begin(context)
        if not context.add_callback(partial(self._unread.end, context)):
            self._unread.end(context)

    def answer_message(
        self,
        messages: Any,
        context: grpc.ServicerContext,
        send: Callable[[bytes | None], None],
        answer: bytes,
        then: Callable[[], None],
    ) -> None:
        """Answers a message of a stream; no worker waits until that is taken and the next comes.

        After `end_waits` the stream ends with that answer.

        Args:
            messages: The call's requests.
            context: The call's.
            send: What grpcio gave the behaviour to answer with.
            answer: The message.
            then: Run by a worker when the next message is there, or none will come.
        """
        # guard: no worker waits for the next question
        if not self.threadless_waits:
            send(answer)
            self._jobs.put((send, (None,)) if self._ending else (then, ()))
            return
        self._waits.begin(context)
        # guard: no stream goes on asking a server that stops
        if self._ending:
            sent = partial(self._arrived, (send, (None,)), context, _always)
        else:
            received = partial(self._arrived, (then, ()), context, _always)
            sent = partial(grpcio_internals.begin_next, messages, context, received)
        grpcio_internals.send(messages, context, answer, sent)

    def end_waits(self) -> None:
        """Ends the calls that wait for a message of their caller, and lets no stream wait again."""
        # Before: what begins to wait meanwhile is ended below.
        self._ending = True
        self._waits.end_all()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the base's
        """Ends the threads when what is queued is done."""
        self._waits.close()
        self._unread.close()
        for _ in range(self._count):
            self._jobs.put(None)

    def _arrived(self, job: _Job, call: Any, admit: Callable[[], bool]) -> None:
        self._waits.end(call)
        if admit():
            self._jobs.put(job)
        else:
            _run(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            began = self._clock()
            _run(job)
            # Nothing of a call may live on while the next one is waited for.
            del job
            self._mean += _WEIGHT * (self._clock() - began - self._mean)


class _Waits:
    """The calls that wait for their caller; one that waits too long is ended."""

    def __init__(self, patience_seconds: float, most: int, name: str) -> None:
        self._most = most
        self._calls: Overdue[Any] = Overdue(patience_seconds, _cancel, name)
        self._calls.start()

    def begin(self, call: Any) -> None:
        if self._calls.count() >= self._most:
            oldest = self._calls.oldest()
            if oldest is not None:
                self._calls.end(oldest)
                # guard: the longest wait gives way
                oldest.cancel()
        self._calls.begin(call)

    def end(self, call: Any) -> None:
        self._calls.end(call)

    def end_all(self) -> None:
        while (oldest := self._calls.oldest()) is not None:
            self._calls.end(oldest)
            oldest.cancel()

    def close(self) -> None:
        self._calls.close()


def _cancel(calls: Iterable[Any]) -> None:
    for call in calls:
        call.cancel()


class InlinePool(ThreadPoolExecutor):
    """Runs calls at once on the thread that accepts them: for refusals, which never wait."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **_: Any) -> Future[Any]:
        """Runs a call."""
        fn(*args)
        return _ENDED


def _run(job: _Job) -> None:
    call, args = job
    try:
        call(*args)
    except BaseException as error:  # noqa: BLE001 - the thread must outlive any call
        log.event(_logger, logging.ERROR, "worker.failed", error=error)


def _ended() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(None)
    return future


_ENDED = _ended()
