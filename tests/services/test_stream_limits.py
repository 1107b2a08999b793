"""How long, how old and how many: a stream takes only what it may."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from housing.v1 import prediction_pb2 as pb

from tests.support.client import reason_of
from tests.support.streams import SECONDS, Open, Start, Target, Told, listen, matrix
from tests.support.waiting import until

Opened = Callable[..., Open]

CHUNK = matrix(np.full((2, 1), 6.0), 1, ["RM"])
# Longer than a chunk or an answer may be on its way on a busy machine.
PATIENCE = 3.0
ASK = pb.PredictRequest(house=pb.House(rm=6))


def test_a_stream_that_says_nothing_is_ended(start: Start, opened: Opened) -> None:
    told = listen(opened(start(stream_idle_seconds=PATIENCE)).call)
    expect(told.error, grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE")


def test_a_stream_that_falls_silent_is_ended(start: Start, opened: Opened) -> None:
    stream = opened(start(stream_idle_seconds=PATIENCE))
    stream.send(CHUNK)
    assert stream.answer().chunk.sequence == 1
    told = listen(stream.call)
    expect(told.error, grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE")
    assert f" {PATIENCE:g} s" in told.error.message if told.error else False


def test_an_old_stream_is_ended_between_chunks(start: Start) -> None:
    def endless() -> object:
        while True:
            yield CHUNK

    target = start(stream_max_age_seconds=PATIENCE)
    told = listen(target.stream(iter(endless())))  # type: ignore[call-overload]
    expect(told.error, grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_TOO_OLD")
    assert told.chunks


def test_one_stream_too_many_is_told_when_to_come_back(start: Start, opened: Opened) -> None:
    target = start(max_streams=2)
    streams = [opened(target) for _ in range(2)]
    for stream in streams:
        stream.send(CHUNK)
        stream.answer()
    told = target.ask([CHUNK])
    error = expect(told.error, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")
    retry = RetryInfo()
    assert error.details[-1].Unpack(retry)
    assert retry.retry_delay.seconds == 1
    streams[0].half_close()
    assert streams[0].answer().summary.chunks == 1
    assert listen(streams[0].call).error is None
    assert target.ask([CHUNK]).error is None


def test_fifty_idle_streams_starve_nobody(start: Start, opened: Opened) -> None:
    target = start(max_streams=50, grpc_workers=2)
    streams = [opened(target) for _ in range(50)]
    for stream in streams:
        stream.send(CHUNK)
    for stream in streams:
        stream.answer()
    for _ in range(20):
        assert target.predictions.Predict(ASK, timeout=5).prediction > 0
        assert target.healthy()
    told = target.ask([CHUNK])
    expect(told.error, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS")


def test_fifty_streams_where_few_are_allowed_starve_nobody(start: Start, opened: Opened) -> None:
    target = start(max_streams=3, grpc_workers=2)
    streams = [opened(target) for _ in range(50)]
    assert target.predictions.Predict(ASK, timeout=5).prediction > 0
    assert target.healthy()
    # Those that are let in have to wait for a chunk.
    until(lambda: [stream.call.done() for stream in streams].count(True) == 47)
    for stream in streams:
        stream.send(CHUNK)
        stream.half_close()
    told = [listen(stream.call) for stream in streams]
    refused = [reason_of(each.error) for each in told if each.error]
    assert refused == ["TOO_MANY_STREAMS"] * 47


@pytest.mark.parametrize("rows", [10_000])
def test_a_reader_that_never_reads_is_abandoned(start: Start, opened: Opened, rows: int) -> None:
    target = start(stream_idle_seconds=PATIENCE, max_streams=1)
    stream = opened(target)
    until(lambda: target.open() == 1)
    for number in range(60):
        # The answers are far more than what connections hold for a reader.
        stream.send(matrix(np.full((rows, 13), 1.0), number))
    done = _wait_for_place(target)
    assert done.error is None
    told = listen(stream.call)
    assert told.error
    assert told.error.code == grpc.StatusCode.CANCELLED.value[0]
    assert len(told.chunks) < 60


def _wait_for_place(target: Target) -> Told:
    while True:
        told = target.ask([CHUNK])
        if told.error is None or reason_of(told.error) != "TOO_MANY_STREAMS":
            return told


def expect(status: Status | None, code: grpc.StatusCode, reason: str) -> Status:
    assert status is not None
    assert (status.code, reason_of(status)) == (code.value[0], reason)
    return status


def test_one_key_does_not_hold_all_streams(start: Start, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("greedy predict key-1\ngreedy predict key-2\nother predict key-3\n")
    target = start(max_streams=6, max_streams_per_key=3, api_keys_file=str(keys))
    over = threading.Event()

    def held() -> Iterator[pb.PredictStreamRequest]:
        yield CHUNK
        over.wait(SECONDS)

    def opened(key: str) -> Any:
        shown = (("x-api-key", key),)
        return target.predictions.PredictStream(held(), metadata=shown, timeout=SECONDS)

    try:
        streams = [opened(key) for key in ("key-1", "key-2", "key-1", "key-3")]
        assert [next(stream).chunk.sequence for stream in streams] == [1] * 4
        error = expect(
            listen(opened("key-2")).error, grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"
        )
        assert "this key has all the 3 streams" in error.message
        assert error.details[-1].Is(RetryInfo.DESCRIPTOR)
        streams += [opened(key) for key in ("key-3", "key-3")]
        assert [next(stream).chunk.sequence for stream in streams[4:]] == [1] * 2
        streams[0].cancel()
        until(lambda: target.open() == 5)
        assert next(opened("key-2")).chunk.sequence == 1
    finally:
        over.set()
