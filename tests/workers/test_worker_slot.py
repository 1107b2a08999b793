"""The place of one worker, with real processes."""

import os
import signal
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from housing_grpc.base.worker_slot import WorkerSlot
from housing_grpc.workers import shared_rates
from housing_grpc.workers.worker_handle import WorkerHandle
from tests.support.processes import alive
from tests.support.waiting import until
from tests.workers.conftest import WAIT_SECONDS

# Longer than an idle worker takes for an answer on a busy machine.
SILENT_SECONDS = 3.0


class Place:
    """A slot, the workers that were admitted to it and those that left it."""

    def __init__(self) -> None:
        self.admitted: SimpleQueue[WorkerHandle] = SimpleQueue()
        self.left: SimpleQueue[WorkerHandle] = SimpleQueue()
        self.stopping = threading.Event()
        self.slot = WorkerSlot(
            1,
            launch=self._launch,
            admit=self._admit,
            left=self.left.put,
            stopping=self.stopping,
            silent_seconds=SILENT_SECONDS,
        )
        self._rates = shared_rates.make()

    def _launch(self, number: int) -> WorkerHandle:
        return WorkerHandle(number, self._rates, lambda *_: None, lambda _: None)

    def _admit(self, worker: WorkerHandle) -> None:
        assert not worker.silent(WAIT_SECONDS)
        self.admitted.put(worker)


@pytest.fixture
def place() -> Iterator[Place]:
    made = Place()
    made.slot.start()
    yield made
    made.stopping.set()
    made.slot.kill()
    assert made.slot.join(WAIT_SECONDS)


def test_a_worker_that_hangs_is_replaced(place: Place) -> None:
    first = place.admitted.get(timeout=WAIT_SECONDS)
    os.kill(first.pid, signal.SIGSTOP)
    second = place.admitted.get(timeout=WAIT_SECONDS)
    assert place.left.get(timeout=WAIT_SECONDS) is first
    assert not alive(first.pid)
    assert alive(second.pid)


def test_a_worker_that_answers_is_left_alone(place: Place) -> None:
    only = place.admitted.get(timeout=WAIT_SECONDS)
    assert only.ended(SILENT_SECONDS * 2) is None
    assert place.left.empty()


def test_a_worker_that_hangs_while_the_server_stops_is_left_to_the_stop(place: Place) -> None:
    only = place.admitted.get(timeout=WAIT_SECONDS)
    place.stopping.set()
    os.kill(only.pid, signal.SIGSTOP)
    assert not place.slot.join(SILENT_SECONDS * 3)
    place.slot.kill()
    until(lambda: not alive(only.pid))
