"""Workers that die, and supervisors that do."""

import itertools
import json
import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.processes import alive
from tests.support.waiting import until
from tests.workers.conftest import Start

ASK = PredictRequest(house=House(rm=6))
LOST = "the connection broke"
RETRIES = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{"service": "housing.v1.PredictionService"}],
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)
COUNTERS = ("_total", "_count", "_bucket", "_sum")


class Callers:
    """Ask all the time, and count what they get.

    Args:
        clients: By the worker that holds their connection.
    """

    def __init__(self, clients: dict[int, list[Client]]) -> None:
        self._done = threading.Event()
        self.outcomes: dict[int, Counter[str]] = {pid: Counter() for pid in clients}
        self._pool = ThreadPoolExecutor(sum(map(len, clients.values())))
        self._running = [
            self._pool.submit(self._ask, pid, client)
            for pid, held in clients.items()
            for client in held
        ]

    def _ask(self, pid: int, client: Client) -> None:
        while not self._done.is_set():
            try:
                client.predictions.Predict(ASK, timeout=SECONDS, wait_for_ready=True)
            except grpc.RpcError as error:
                # What a server has answered, an error included, carries its metadata.
                self.outcomes[pid][error.code().name if error.trailing_metadata() else LOST] += 1
            else:
                self.outcomes[pid]["OK"] += 1

    def stop(self) -> None:
        self._done.set()
        for each in self._running:
            each.result()
        self._pool.shutdown()


@pytest.mark.parametrize("retries", [False, True])
def test_a_worker_that_is_killed_costs_no_call_but_those_on_its_connections(
    start: Start, linear: Example, retries: bool
) -> None:
    fleet = start(linear.folder)
    clients = fleet.placed(4, *([("grpc.service_config", RETRIES)] if retries else []))
    victim, survivor = fleet.pids()
    callers = Callers(clients)
    until(lambda: all(seen["OK"] > 100 for seen in callers.outcomes.values()))
    before = fleet.metrics()
    os.kill(victim, signal.SIGKILL)
    ended = fleet.process.event("worker.ended")
    assert (ended["exit_code"], ended["restart_seconds"]) == (-signal.SIGKILL, 0.1)
    scrapes = [before]
    while len(fleet.listening()) < 2 or len(scrapes) < 10:
        scrapes.append(fleet.metrics())
    marks = {pid: seen["OK"] for pid, seen in callers.outcomes.items()}
    until(lambda: all(seen["OK"] > marks[pid] + 100 for pid, seen in callers.outcomes.items()))
    scrapes.append(fleet.metrics())
    callers.stop()

    assert set(callers.outcomes[survivor]) == {"OK"}
    # A client may write to a connection that is dead before it notices. None of these calls
    # was answered with an error, and those who have gRPC try again notice nothing.
    assert set(callers.outcomes[victim]) <= ({"OK"} if retries else {"OK", LOST})
    for one, next_one in itertools.pairwise(scrapes):
        fallen = {
            name: (one[name], next_one.get(name))
            for name in one
            if name[0].endswith(COUNTERS) and next_one.get(name, -1) < one[name]
        }
        assert fallen == {}
    new = set(fleet.pids()) - {victim, survivor}
    assert len(new) == 1
    # It gets connections, too.
    assert fleet.placed(1)[new.pop()]


def test_a_worker_that_an_operator_stops_finishes_its_calls_and_loses_no_count(
    start: Start, linear: Example
) -> None:
    fleet = start(linear.folder)
    clients = fleet.placed(2)
    victim, survivor = fleet.pids()
    callers = Callers(clients)
    until(lambda: all(seen["OK"] > 100 for seen in callers.outcomes.values()))
    os.kill(victim, signal.SIGTERM)
    assert fleet.process.event("worker.ended")["exit_code"] == 0
    until(lambda: len(fleet.listening()) == 2)
    callers.stop()
    assert set(callers.outcomes[survivor]) == {"OK"}
    answered = sum(seen["OK"] for seen in callers.outcomes.values())
    counted = "prediction_requests_total", (("method", "Predict"), ("status", "ok"))
    until(lambda: fleet.metrics().get(counted) == answered)


def test_a_worker_that_dies_again_and_again_is_waited_for_longer_and_longer(
    start: Start, linear: Example
) -> None:
    fleet = start(linear.folder)
    pauses = []
    for _ in range(4):
        until(lambda: len(fleet.listening()) == 2)
        os.kill(max(fleet.pids(), key=started_at), signal.SIGKILL)
        pauses.append(fleet.process.event("worker.ended"))
    by_worker = Counter(each["worker"] for each in pauses)
    number = by_worker.most_common(1)[0][0]
    seconds = [each["restart_seconds"] for each in pauses if each["worker"] == number]
    assert seconds == [0.1 * 2**n for n in range(len(seconds))]
    assert len(seconds) > 1


def started_at(pid: int) -> int:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - /proc
        return int(file.read().rpartition(")")[2].split()[19])


def test_workers_do_not_outlive_their_supervisor(start: Start, linear: Example) -> None:
    # Longer than is waited here: without a supervisor, workers do not take it.
    fleet = start(linear.folder, GRACE_SECONDS="600")
    workers = fleet.pids()
    client = fleet.client()
    client.predictions.Predict(ASK, timeout=SECONDS)
    fleet.process.popen.kill()
    fleet.process.popen.wait()
    until(lambda: not any(map(alive, workers)))
    # And whoever starts again gets the port.
    assert start(linear.folder, GRPC_PORT=str(fleet.port)).port == fleet.port
