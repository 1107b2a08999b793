"""Scores chunks over PredictStream, and goes on in a new stream when one breaks."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from queue import Empty, SimpleQueue
from typing import Any

import grpc
from housing.v1 import prediction_pb2 as pb

from .chunks import Chunk
from .errors import HousingError
from .failure import error_of
from .ledger import Ledger, StreamBrokenError, no_answer
from .scores import ChunkScores

Requests = Iterator[pb.PredictStreamRequest]
# Starts a stream; the answers are a grpc.Call, too.
Open = Callable[[Requests], Any]


def never() -> bool:
    """Tells that nothing has to be waited for."""
    return False


def score_chunks(
    open_stream: Open,
    chunks: Iterator[Chunk],
    ledger: Ledger,
    blocks: Callable[[], bool] = never,
) -> Generator[ChunkScores, None, None]:
    """Yields the answer to every chunk, in order, each exactly once.

    The chunks are drawn in the thread of the caller, at the pace of the answers, so
    that an answer waits while the next chunk is drawn. If they end by an error, it is
    raised after the answers to all before it.

    Args:
        open_stream: Starts a stream.
        chunks: What is to be scored.
        ledger: Of the job.
        blocks: Returns whether the next chunk would keep its caller waiting; answers
            that are owed then come first.

    Raises:
        HousingError: The server refused, or new streams were of no use.
    """
    source = _Source(chunks, blocks)
    while True:
        try:
            yield from _one_stream(open_stream, source, ledger)
        except StreamBrokenError as broken:
            time.sleep(ledger.broken(broken.error))
        else:
            return


class _Source:
    """Chunks whose error is kept until it is its turn."""

    def __init__(self, chunks: Iterator[Chunk], blocks: Callable[[], bool]) -> None:
        self.error: Exception | None = None
        self.more = True
        self.blocks = blocks
        self._chunks = chunks

    def draw(self) -> Chunk | None:
        chunk = None
        try:
            chunk = next(self._chunks, None)
        except Exception as error:  # noqa: BLE001 - raised when all before it is answered
            self.error = error
        self.more = chunk is not None
        return chunk


def _one_stream(
    open_stream: Open, source: _Source, ledger: Ledger
) -> Generator[ChunkScores, None, None]:
    outbox: SimpleQueue[pb.PredictStreamRequest | None] = SimpleQueue()
    call = open_stream(iter(outbox.get, None))
    inbox = _Inbox(call, ledger.policy.patience)
    try:
        for request in ledger.again():
            outbox.put(request)
        if not source.more:
            outbox.put(None)
        while source.more or ledger.under_way:
            # What is answered goes to the caller before more is asked of the source.
            while (
                source.more
                and ledger.has_room
                and not (ledger.under_way and (inbox.ready or source.blocks()))
            ):
                chunk = source.draw()
                outbox.put(None if chunk is None else ledger.request(chunk))
            if ledger.under_way:
                yield ledger.answered(inbox.take())
        if source.error is not None:
            raise source.error
        inbox.take_summary()
    finally:
        # Ends gRPC's own thread, which waits for the next request.
        outbox.put(None)
        call.cancel()


class _Inbox:
    """Receives the answers of a stream in a thread of its own.

    Args:
        call: The stream.
        patience: Longest wait for an answer, in seconds. A deadline would not do:
            it would count the time in which the caller does something else, or
            has nothing to send.
    """

    def __init__(self, call: Any, patience: float) -> None:
        self._patience = patience
        self._answers: SimpleQueue[pb.PredictStreamResponse | HousingError | None] = SimpleQueue()
        receive = threading.Thread(
            target=self._receive, args=(call,), name="stream-receiver", daemon=True
        )
        receive.start()

    @property
    def ready(self) -> bool:
        """Whether an answer, or an end, need not be waited for."""
        return not self._answers.empty()

    def take(self) -> pb.PredictStreamResponse:
        """Waits for an answer.

        Raises:
            StreamBrokenError: None comes.
        """
        try:
            found = self._answers.get(timeout=self._patience)
        except Empty:
            raise no_answer(f"no answer came for {self._patience:g} s") from None
        if found is None:
            # With chunks under way this is no end, but a server that went without a word.
            raise no_answer("the stream ended too early")
        if isinstance(found, HousingError):
            raise StreamBrokenError(found)
        return found

    def take_summary(self) -> None:
        """Lets the server end the stream; every house has its answer, whatever comes now."""
        try:
            while True:
                self.take()
        except StreamBrokenError:
            pass

    def _receive(self, call: Any) -> None:
        try:
            for answer in call:
                self._answers.put(answer)
        except grpc.RpcError as error:
            self._answers.put(error_of(error))
        else:
            self._answers.put(None)
