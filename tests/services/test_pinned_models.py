"""Streams that pin a model: no more models are in memory than the limit says."""

import gc
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

import grpc
import msgspec
import numpy as np
import pytest
from google.rpc.status_pb2 import Status
from housing.v1.model_pb2 import ReloadModelRequest, RollbackModelRequest
from housing.v1.model_pb2_grpc import ModelServiceStub

from housing_grpc.bundle.model import Bundle
from tests.support import examples
from tests.support.client import reason_of
from tests.support.examples import Example
from tests.support.streams import Open, Start, Target, listen, matrix
from tests.support.waiting import until

Opened = Callable[..., Open]

HOUSES = np.full((2, 13), 1.0)
PIN = matrix(HOUSES, 0, pin=True)
NEXT = matrix(HOUSES, 1)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload that waits for a stream takes longer than any test."""
    monkeypatch.setattr("housing_grpc.model.model_limit._SECONDS", 600.0)


class Versions:
    """A server whose model is another one after each reload."""

    def __init__(self, start: Start, folder: Path, example: Example, **settings: object) -> None:
        shutil.copytree(example.folder, folder)
        self._folder = folder
        self._digests = [self._write()]
        self.target: Target = start(folder, **settings)

    def reload(self) -> str:
        """Has a new version go live, and returns it."""
        self._digests.append(self._write())
        request = ReloadModelRequest()
        answer = ModelServiceStub(self.target.channel).ReloadModel(request, timeout=60)
        assert answer.changed
        return str(answer.version)

    def in_memory(self) -> int:
        """Gives how many of them are in memory."""
        gc.collect()
        bundles = (each for each in gc.get_objects() if isinstance(each, Bundle))
        return sum(each.digest in self._digests for each in bundles)

    def _write(self) -> str:
        found = self._folder.with_name(uuid.uuid4().hex)
        name = found.name
        digest = examples.rewrite(
            self._folder, found, change=lambda old: msgspec.structs.replace(old, run_id=name)
        )
        shutil.rmtree(self._folder)
        found.rename(self._folder)
        return digest


@pytest.fixture
def versions(start: Start, tmp_path: Path, linear: Example) -> Callable[..., Versions]:
    return lambda **settings: Versions(start, tmp_path / "live", linear, **settings)


def pinned(opened: Opened, target: Target) -> Open:
    stream = opened(target)
    stream.send(PIN)
    stream.answer()
    return stream


def assert_retired(status: Status | None) -> None:
    assert status is not None
    assert (status.code, reason_of(status)) == (
        grpc.StatusCode.ABORTED.value[0],
        "MODEL_RETIRED",
    )


def test_a_stream_of_every_version_keeps_no_more_than_the_limit(
    versions: Callable[..., Versions], opened: Opened
) -> None:
    server = versions(max_models=4)
    streams = [pinned(opened, server.target)]
    for _ in range(8):
        server.reload()
        streams.append(pinned(opened, server.target))
        assert server.in_memory() <= 4
    # The live one, and the three before it.
    for stream in streams[:-4]:
        assert_retired(listen(stream.call).error)
    for stream in streams[-4:]:
        stream.send(NEXT)
        assert stream.answer().chunk.sequence == 1
    assert server.in_memory() == 4


def test_all_streams_of_the_oldest_model_make_room(
    versions: Callable[..., Versions], opened: Opened
) -> None:
    server = versions(max_models=3)
    first = [pinned(opened, server.target) for _ in range(3)]
    server.reload()
    second = pinned(opened, server.target)
    unpinned = opened(server.target)
    unpinned.send(matrix(HOUSES, 0))
    unpinned.answer()
    server.reload()
    latest = server.reload()
    for stream in first:
        assert_retired(listen(stream.call).error)
    second.send(NEXT)
    assert second.answer().chunk.sequence == 1
    # A stream that has pinned nothing goes on with the model that is live.
    unpinned.send(NEXT)
    assert unpinned.answer().chunk.model_version == latest


def test_a_reader_that_never_reads_keeps_no_model(
    versions: Callable[..., Versions], opened: Opened
) -> None:
    server = versions(max_models=2, stream_idle_seconds=600)
    stream = opened(server.target)
    stream.send(PIN)
    for number in range(1, 60):
        # The answers are far more than what connections hold for a reader.
        stream.send(matrix(np.full((10_000, 13), 1.0), number))
    until(lambda: server.target.open() == 1)
    for _ in range(3):
        server.reload()
    until(lambda: server.in_memory() <= 2)
    assert_retired(listen(stream.call).error)


def test_a_stream_that_ended_has_no_pin(versions: Callable[..., Versions], opened: Opened) -> None:
    server = versions(max_models=4, probation_seconds=0)
    for _ in range(3):
        stream = pinned(opened, server.target)
        stream.half_close()
        listen(stream.call)
        server.reload()
    until(lambda: server.in_memory() == 1)


def test_the_previous_model_is_one_of_them(
    versions: Callable[..., Versions], opened: Opened
) -> None:
    server = versions(max_models=2)
    first = pinned(opened, server.target)
    server.reload()
    # The stream's is the previous one, too.
    until(lambda: server.in_memory() == 2)
    first.send(NEXT)
    assert first.answer().chunk.sequence == 1
    server.reload()
    # It made room; the one between has become the previous one.
    assert_retired(listen(first.call).error)
    until(lambda: server.in_memory() == 2)


def test_a_stream_keeps_its_model_over_a_rollback(
    versions: Callable[..., Versions], opened: Opened
) -> None:
    server = versions(max_models=3)
    server.reload()
    stream = opened(server.target)
    stream.send(PIN)
    pinned_version = stream.answer().chunk.model_version
    back = ModelServiceStub(server.target.channel).RollbackModel(RollbackModelRequest(), timeout=60)
    assert back.previous_version == pinned_version
    stream.send(NEXT)
    assert stream.answer().chunk.model_version == pinned_version
    stream.half_close()
    listen(stream.call)
    # The one that was rolled back from is not kept but for the stream.
    until(lambda: server.in_memory() == 1)
