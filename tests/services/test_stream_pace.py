"""Backpressure, and how a stream ends before its time: cancelled, overdue, or drained."""

import threading
from collections.abc import Callable, Iterator

import grpc
import numpy as np
import pytest

from housing_grpc.services.paced_reader import PacedReader, StreamEndedError
from tests.support.client import reason_of
from tests.support.streams import Open, Start, Target, listen, matrix
from tests.support.waiting import SECONDS

Opened = Callable[..., Open]

CHUNK = matrix(np.full((2, 1), 6.0), 1, ["RM"])
BIG = matrix(np.full((10_000, 13), 1.0))


def numbers(taken: list[int]) -> Iterator[int]:
    for number in range(3):
        taken.append(number)
        yield number


def test_nothing_is_read_before_it_is_asked_for() -> None:
    taken: list[int] = []
    reader = PacedReader(numbers(taken), patience=60, abandon=lambda: None)
    assert (reader.next(60), taken) == (0, [0])
    assert (reader.next(60), taken) == (1, [0, 1])
    assert reader.next(60) == 2
    with pytest.raises(StreamEndedError):
        reader.next(60)


def test_waiting_ends_in_time() -> None:
    block = threading.Event()
    reader = PacedReader(iter(block.wait, None), patience=60, abandon=lambda: None)
    with pytest.raises(TimeoutError):
        reader.next(0.05)
    block.set()
    reader.close()


def test_an_interrupt_ends_the_waiting() -> None:
    block = threading.Event()
    reader = PacedReader(iter(block.wait, None), patience=60, abandon=lambda: None)
    threading.Timer(0.05, reader.interrupt, [KeyError("stop")]).start()
    with pytest.raises(KeyError):
        reader.next(60)
    block.set()
    reader.close()


def test_not_asking_for_long_abandons_the_stream() -> None:
    abandoned = threading.Event()
    reader = PacedReader(iter([1, 2]), patience=3, abandon=abandoned.set)
    # Long enough for this thread to have its turn.
    assert reader.next(60) == 1
    assert abandoned.wait(SECONDS)


def test_a_reader_that_stops_stops_the_server(start: Start) -> None:
    """No chunk is read before the answer to the one before is taken."""
    target = start()
    drawn: list[int] = []
    total = 120

    def chunks() -> Iterator[object]:
        for number in range(total):
            drawn.append(number)
            yield matrix(np.full((10_000, 13), 1.0), number)

    call = target.stream(chunks())
    assert next(call).chunk.sequence == 0
    stalled = settled(lambda: len(drawn))
    # What was drawn and not answered lies in the buffers of the connection: some megabytes.
    assert stalled < total // 2
    told = listen(call)
    assert [chunk.sequence for chunk in told.chunks] == list(range(1, total))
    assert told.summary
    assert told.summary.rows == total * 10_000


def settled(count: Callable[[], int]) -> int:
    """Waits until a number has not changed for half a second; returns it."""
    pause, last = threading.Event(), -1
    while (now := count()) != last:
        last = now
        pause.wait(0.5)
    return last


def test_a_cancelled_stream_makes_room_at_once(start: Start, opened: Opened) -> None:
    target = start(max_streams=1)
    for sent in (0, 3):
        stream = opened(target)
        for _ in range(sent + 1):
            stream.send(BIG)
        stream.answer()
        stream.call.cancel()
        freed(target)


def test_a_deadline_makes_room_at_once(start: Start, opened: Opened) -> None:
    target = start(max_streams=1)
    # Time enough to be let in, and to have an answer.
    stream = opened(target, 3)
    stream.send(CHUNK)
    stream.answer()
    told = listen(stream.call)
    assert told.error
    assert told.error.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    freed(target)


def test_no_thread_is_left_behind(start: Start, opened: Opened) -> None:
    target = start(max_streams=20)
    before = readers()
    for turn in range(20):
        stream = opened(target)
        stream.send(CHUNK)
        stream.answer()
        stream.call.cancel() if turn % 2 else stream.half_close()
        listen(stream.call)
    assert threads_end(before)


def readers() -> int:
    return sum(thread.name == "stream-reader" for thread in threading.enumerate())


def threads_end(wanted: int) -> bool:
    """Waits for the threads that read streams to end."""
    pause = threading.Event()
    return any(readers() <= wanted or pause.wait(0.02) for _ in range(1500))


def freed(target: Target) -> None:
    """Waits until the server takes a stream again."""
    pause = threading.Event()
    for _ in range(500):
        told = target.ask([CHUNK])
        if told.error is None:
            return
        assert reason_of(told.error) == "TOO_MANY_STREAMS"
        pause.wait(0.02)
    pytest.fail("the worker is still taken")


def test_a_stopping_server_ends_streams_after_the_present_chunk(
    start: Start, opened: Opened
) -> None:
    target = start()
    busy, idle = opened(target), opened(target)
    for stream in (busy, idle):
        stream.send(CHUNK)
        assert stream.answer().chunk.sequence == 1
    closing = threading.Thread(target=target.server.close, args=(30,))
    closing.start()
    for stream in (busy, idle):
        told = listen(stream.call)
        assert told.error
        assert told.error.code == grpc.StatusCode.UNAVAILABLE.value[0]
        assert reason_of(told.error) == "SERVER_STOPPING"
    closing.join(60)
    assert not closing.is_alive()


def test_a_chunk_that_is_being_scored_is_answered_before_the_server_stops(start: Start) -> None:
    target = start()
    over = threading.Event()

    def chunks() -> Iterator[object]:
        yield BIG
        yield BIG
        # What is written while the server hangs up would cost the status, in gRPC itself.
        over.wait(SECONDS)

    call = target.stream(chunks())
    first = next(call)
    closing = threading.Thread(target=target.server.close, args=(30,))
    closing.start()
    told = listen(call)
    over.set()
    assert all(len(chunk.prices.values) == 80_000 for chunk in [first.chunk, *told.chunks])
    assert told.error
    assert reason_of(told.error) == "SERVER_STOPPING"
    closing.join(60)
    assert not closing.is_alive()
