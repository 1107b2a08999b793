"""The streams that are open: how long one may be quiet and how old it may get, and their end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.services.paced_reader import PacedReader, StreamEndedError

T = TypeVar("T")

_RETRY_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class StreamLimits:
    """What a stream may take.

    Attributes:
        idle_seconds: Longest wait for a message, or for an answer to be taken.
        age_seconds: Longest life of a stream.
    """

    idle_seconds: float
    age_seconds: float


class OpenStream(Generic[T]):
    """One stream of messages.

    Args:
        reader: Reads them.
        limits: What it may take.
    """

    def __init__(self, reader: PacedReader[T], limits: StreamLimits) -> None:
        self._reader = reader
        self._limits = limits
        self._oldest = time.monotonic() + limits.age_seconds

    def next(self) -> T | None:
        """Returns the next message, or None if there are no more.

        Raises:
            ServingError: The stream cannot go on; the reason says why.
        """
        left = self._oldest - time.monotonic()
        idle = self._limits.idle_seconds
        try:
            # guard: the wait for a chunk
            return self._reader.next(min(left, idle))
        except StreamEndedError:
            return None
        except TimeoutError:
            if left <= idle:
                raise ServingError(
                    Reason.STREAM_TOO_OLD,
                    f"the stream is older than {self._limits.age_seconds:g} s; open a new one",
                ) from None
            raise ServingError(
                Reason.STREAM_IDLE, f"no chunk arrived for {idle:g} s; continue in a new stream"
            ) from None

    def interrupt(self, error: ServingError) -> None:
        """Makes the next, or the present, `next` raise an error."""
        self._reader.interrupt(error)


class OpenStreams:
    """All streams of a server.

    Args:
        limits: What each may take.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._open: set[PacedReader[Any]] = set()
        self._stopping = False

    @contextmanager
    def opened(
        self, messages: Iterator[T], context: grpc.ServicerContext
    ) -> Iterator[OpenStream[T]]:
        """Reads a stream; it is open within.

        Args:
            messages: Of the stream.
            context: The call's.

        Raises:
            ServingError: SERVER_STOPPING.
        """
        reader = self._admit(messages, context)
        try:
            yield OpenStream(reader, self._limits)
        finally:
            with self._lock:
                self._open.discard(reader)
            reader.close()

    def stop(self) -> None:
        """Ends every stream when it has answered the message it is at."""
        with self._lock:
            self._stopping = True
            for reader in self._open:
                reader.interrupt(_stopping())

    def _admit(self, messages: Iterator[T], context: grpc.ServicerContext) -> PacedReader[T]:
        with self._lock:
            if self._stopping:
                raise _stopping()
            reader = PacedReader(
                messages, patience=self._limits.idle_seconds, abandon=context.cancel
            )
            self._open.add(reader)
            return reader


def _stopping() -> ServingError:
    return ServingError(
        Reason.SERVER_STOPPING,
        "the server is stopping; continue in a new stream after the last answer",
        retry_seconds=_RETRY_SECONDS,
    )
