"""Scores chunks over PredictStream, and goes on in a new stream when one breaks."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import grpc
from housing.v1 import prediction_pb2 as pb

from .chunks import Chunk
from .errors import DeadlineExceededError
from .failure import error_of
from .ledger import Ledger, StreamBrokenError
from .scores import ChunkScores

Requests = Iterator[pb.PredictStreamRequest]
# Starts a stream; the answers are a grpc.Call, too.
Open = Callable[[Requests], Any]


def score_chunks(
    open_stream: Open, chunks: Iterator[Chunk], ledger: Ledger
) -> Generator[ChunkScores, None, None]:
    """Yields the answer to every chunk, in order, each exactly once.

    The chunks are drawn in the thread of the caller, at the pace of the answers.

    Raises:
        HousingError: The server refused, or new streams were of no use.
    """
    while True:
        try:
            yield from _one_stream(open_stream, chunks, ledger)
        except StreamBrokenError as broken:
            time.sleep(ledger.broken(broken.error))
        else:
            return


def _one_stream(
    open_stream: Open, chunks: Iterator[Chunk], ledger: Ledger
) -> Generator[ChunkScores, None, None]:
    outbox: SimpleQueue[pb.PredictStreamRequest | None] = SimpleQueue()
    call = open_stream(iter(outbox.get, None))
    watchdog = _Watchdog(ledger.policy.patience, call.cancel)
    try:
        for request in ledger.again():
            outbox.put(request)
        more = True
        while more or ledger.under_way:
            while more and ledger.has_room:
                chunk = next(chunks, None)
                more = chunk is not None
                outbox.put(None if chunk is None else ledger.request(chunk))
            if ledger.under_way:
                yield ledger.answered(_answer(call, watchdog))
        _take_summary(call, watchdog)
    finally:
        watchdog.close()
        # Ends gRPC's own thread, which waits for the next request.
        outbox.put(None)
        call.cancel()


def _answer(call: Any, watchdog: "_Watchdog") -> pb.PredictStreamResponse:
    try:
        with watchdog.watching():
            answer: pb.PredictStreamResponse = next(call)
            return answer
    except StopIteration:
        # With chunks under way this is no end, but a server that went without a word.
        raise _no_answer("the stream ended too early") from None
    except grpc.RpcError as error:
        if not watchdog.barked:
            raise StreamBrokenError(error_of(error)) from None
        raise _no_answer(f"no answer came for {watchdog.seconds:g} s") from None


def _no_answer(text: str) -> StreamBrokenError:
    return StreamBrokenError(DeadlineExceededError(text, reason="NO_ANSWER"))


def _take_summary(call: Any, watchdog: "_Watchdog") -> None:
    """Lets the server end the stream; every house has its answer, whatever comes now."""
    try:
        with watchdog.watching():
            for _ in call:
                pass
    except grpc.RpcError:
        pass


class _Watchdog:
    """Cancels a call that lets its caller wait for too long.

    A deadline would not do: it would count the time in which the caller does
    something else, or has nothing to send.

    Args:
        seconds: How long is too long.
        cancel: Ends the call.
    """

    def __init__(self, seconds: float, cancel: Callable[[], object]) -> None:
        self.seconds = seconds
        self.barked = False
        self._cancel = cancel
        self._since: float | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="stream-watchdog", daemon=True).start()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches for as long as the block lasts."""
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._since = None

    def close(self) -> None:
        """Ends the thread."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(min(self.seconds / 4, 1.0)):
            since = self._since
            if since is not None and time.monotonic() - since > self.seconds:
                self.barked = True
                self._cancel()
                return
