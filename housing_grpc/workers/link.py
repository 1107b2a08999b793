"""The link between the supervisor and one worker: questions and answers, both ways."""

import itertools
import logging
import socket
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

import msgspec

from housing_grpc.base import log
from housing_grpc.base.errors import public_error
from housing_grpc.base.worker_slot import WorkerGoneError
from housing_grpc.workers.protocol import DECODER, Answer, Answered, Asked, Failed, Frame, Question

_LENGTH = struct.Struct(">Q")
# A side that does not take what it is sent for so long is stuck.
_SEND_SECONDS = 10.0

Reply = Callable[[Answer], None]

_logger = logging.getLogger(__name__)


class LinkClosedError(WorkerGoneError):
    """The other side is gone, or does not answer in time."""


class Link:
    """One end of a link; from any thread.

    Args:
        end: The socket to the other end; closed when that is.
        serve: Called with each question and with what takes its answer. It runs on the
            thread that reads, and must not wait for this link.
        closed: Called once when the other side is gone.
    """

    def __init__(
        self,
        end: socket.socket,
        serve: Callable[[Question, Reply], None],
        closed: Callable[[], None],
    ) -> None:
        self._socket = end
        self._serve = serve
        self._closed = closed
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._open = True
        self._waiting: dict[int, Future[Answer]] = {}
        self._encoder = msgspec.msgpack.Encoder()
        # Of sending alone: a wait for what the other side has to say has no end.
        _limit_sending(end)

    def start(self) -> None:
        """Begins to read."""
        threading.Thread(target=self._read, name="link", daemon=True).start()

    def send(self, question: Question) -> Future[Answer]:
        """Asks; the future fails with LinkClosedError if the other side goes away."""
        number, future = next(self._numbers), Future[Answer]()
        with self._lock:
            if not self._open:
                future.set_exception(LinkClosedError())
                return future
            self._waiting[number] = future
        try:
            self._send(Asked(number=number, question=question))
        except OSError:
            self.close()
        return future

    def ask(self, question: Question, seconds: float) -> Answer:
        """Asks, and waits for the answer.

        Raises:
            LinkClosedError: There is none in time, or the other side went away.
        """
        return answer_of(self.send(question), seconds)

    def close(self) -> None:
        """Ends the link; the other side notices."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # It is at its end already.

    def _send(self, frame: Frame) -> None:
        data = self._encoder.encode(frame)
        with self._sending:
            self._socket.sendall(_LENGTH.pack(len(data)))
            self._socket.sendall(data)

    def _read(self) -> None:
        try:
            while (data := self._receive()) is not None:
                self._take(DECODER.decode(data))
        except OSError:
            pass  # The same as its end.
        except Exception as error:  # noqa: BLE001 - without this thread there is no link
            log.event(_logger, logging.ERROR, "link.failed", error=error)
        self._end()

    def _take(self, frame: Frame) -> None:
        if isinstance(frame, Asked):
            number = frame.number
            self._serve(frame.question, lambda answer: self._reply(number, answer))
            return
        with self._lock:
            future = self._waiting.pop(frame.number, None)
        if future is not None:
            future.set_result(frame.answer)

    def _reply(self, number: int, answer: Answer) -> None:
        try:
            self._send(Answered(number=number, answer=answer))
        except OSError:
            self.close()
        except Exception as error:  # noqa: BLE001 - the other side waits for an answer
            log.event(_logger, logging.ERROR, "link.failed", error=error)
            self._send(Answered(number=number, answer=Failed.of(public_error(error))))

    def _receive(self) -> bytearray | None:
        head = self._exactly(_LENGTH.size)
        return None if head is None else self._exactly(*_LENGTH.unpack(head))

    def _exactly(self, size: int) -> bytearray | None:
        data = bytearray(size)
        left = memoryview(data)
        while left:
            count = self._socket.recv_into(left)
            if not count:
                return None
            left = left[count:]
        return data

    def _end(self) -> None:
        with self._lock:
            self._open = False
            left = list(self._waiting.values())
            self._waiting.clear()
        for future in left:
            future.set_exception(LinkClosedError())
        self._closed()
        with self._sending:
            self._socket.close()


def answer_of(future: "Future[Answer]", seconds: float) -> Answer:
    """Waits for an answer.

    Raises:
        LinkClosedError: There is none in time, or the other side went away.
    """
    try:
        return future.result(max(seconds, 0))
    except FutureTimeoutError:
        raise LinkClosedError from None


def _limit_sending(end: socket.socket) -> None:
    seconds, fraction = divmod(_SEND_SECONDS, 1)
    limit = struct.pack("ll", int(seconds), int(fraction * 1e6))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
