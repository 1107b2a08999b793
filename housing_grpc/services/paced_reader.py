"""Reads a stream at the pace of its reader, and gives up when nothing moves.

grpcio's own iterator waits for the next message without limit. Here a thread
of its own waits, one message at a time and only when asked, so that the reader
can stop waiting; and if nobody asks for long, because the answer is not being
taken, the thread ends the call.
"""

import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class StreamEndedError(Exception):
    """The stream has no more messages."""


class PacedReader(Generic[T]):
    """Hands out the messages of a stream one by one.

    Args:
        messages: The stream; nothing is read before it is asked for.
        patience: Seconds without being asked, after which `abandon` is called.
        abandon: Ends the call.
    """

    def __init__(
        self, messages: Iterator[T], *, patience: float, abandon: Callable[[], Any]
    ) -> None:
        self._messages = messages
        self._patience = patience
        self._abandon = abandon
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._read: SimpleQueue[T | BaseException] = SimpleQueue()
        threading.Thread(target=self._run, name="stream-reader", daemon=True).start()

    def next(self, seconds: float) -> T:
        """Returns the next message.

        Raises:
            TimeoutError: None came in time.
            StreamEndedError: There are no more.
            BaseException: Whatever reading it raised, or `interrupt` was given.
        """
        self._wanted.put(True)
        try:
            found = self._read.get(timeout=max(seconds, 0))
        except Empty:
            raise TimeoutError from None
        if isinstance(found, BaseException):
            raise found
        return found

    def interrupt(self, error: BaseException) -> None:
        """Makes the next, or the present, `next` raise an error."""
        self._read.put(error)

    def close(self) -> None:
        """Lets the thread end, once it does not wait for a message any more."""
        self._wanted.put(False)

    def _run(self) -> None:
        try:
            # guard: the wait for a reader
            while self._wanted.get(timeout=self._patience):
                self._read.put(next(self._messages))
        except Empty:
            self._abandon()
        except StopIteration:
            self._read.put(StreamEndedError())
        except BaseException as error:  # noqa: BLE001 - whoever reads has to know
            self._read.put(error)
