"""One model for all workers, or the one before for all of them."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictRequest, PredictStreamRequest

from tests.support.client import SECONDS, Client, failure, reason_of, refusal
from tests.support.examples import Example
from tests.support.processes import alive
from tests.support.waiting import until
from tests.workers.conftest import Fleet, Start, put

ASK = PredictRequest(house=House(rm=6))


def reload(client: Client) -> None:
    assert client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS).changed


def info(client: Client) -> bytes:
    return client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).SerializeToString(
        deterministic=True
    )


def version(client: Client) -> str:
    return client.predictions.Predict(ASK, timeout=SECONDS).model_version


@contextmanager
def under_load(clients: list[Client], prices: dict[str, float]) -> Iterator[Counter[str]]:
    """Asks all the time; counts the answers by version, and those that are none of its model."""
    done, seen, lock = threading.Event(), Counter[str](), threading.Lock()

    def ask(client: Client) -> None:
        while not done.is_set():
            answer = client.predictions.Predict(ASK, timeout=SECONDS)
            right = abs(answer.prediction - prices[answer.model_version]) < 1e-4
            with lock:
                seen[answer.model_version if right else "wrong"] += 1

    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(ask, client) for client in clients]
        try:
            yield seen
        finally:
            done.set()
        for each in running:
            each.result()


def test_a_reload_through_any_worker_changes_all(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    placed = fleet.placed(3)
    clients = [client for held in placed.values() for client in held]
    prices = {}
    for example in (linear, forest):
        put(example, folder)
        fleet.client().models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
        prices[example.version] = clients[0].predictions.Predict(ASK, timeout=SECONDS).prediction
    with under_load([held[0] for held in placed.values()], prices) as seen:
        for turn, asked in enumerate((*clients, *clients)):
            wanted = (linear, forest)[turn % 2]
            put(wanted, folder)
            reload(asked)
            # Whoever has the answer sees only the new model, wherever the next call goes.
            assert {version(client) for client in clients} == {wanted.version}
            assert len({info(client) for client in clients}) == 1
    assert set(seen) == {linear.version, forest.version}
    until(lambda: fleet.metrics().get(("housing_model_generation", ())) == 2 + 12)
    # The first call found the folder as it was.
    found = fleet.metrics()
    assert found["housing_model_reloads_total", (("result", "changed"),)] == 1 + 12


def test_a_dry_run_through_any_worker_changes_none(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    put(forest, folder)
    clients = [client for held in fleet.placed(1).values() for client in held]
    answers = []
    for client in clients:
        request = ReloadModelRequest(dry_run=True)
        answers.append(client.models.ReloadModel(request, timeout=SECONDS))
    assert {(each.version, each.changed, each.generation) for each in answers} == {
        (forest.version, True, 1)
    }
    assert len({each.diff.SerializeToString(deterministic=True) for each in answers}) == 1
    assert answers[0].diff.largest_change > 0
    assert {version(client) for client in clients} == {linear.version}


def faulty(start_faulty: Start, folder: Path, what: str, number: int) -> tuple[Fleet, Path]:
    trigger = folder.parent / "fault"
    return start_faulty(folder, f"{what} {number} {trigger}"), trigger


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(
    "fault",
    [
        (
            "refuses",
            refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                "SELF_TEST",
                "golden rows: an answer is off by 1, 0 is allowed",
            ),
        ),
        (
            "breaks",
            refusal(
                grpc.StatusCode.INTERNAL,
                "INTERNAL",
                "internal error; the server's log has it by request id",
            ),
        ),
    ],
)
def test_a_model_that_one_worker_cannot_load_changes_none(
    start_faulty: Start, folder: Path, forest: Example, fault: tuple[str, object], number: int
) -> None:
    what, status = fault
    fleet, trigger = faulty(start_faulty, folder, what, number)
    clients = [held[0] for held in fleet.placed(1).values()]
    before, pids = {info(client) for client in clients}, fleet.pids()
    put(forest, folder)
    trigger.touch()
    for client in clients:
        assert failure(lambda c=client: reload(c)) == status  # type: ignore[misc]
    assert {info(client) for client in clients} == before
    assert forest.version not in {version(client) for client in clients}
    trigger.unlink()
    reload(clients[0])
    assert {version(client) for client in clients} == {forest.version}
    assert fleet.pids() == pids


def test_a_worker_that_dies_of_a_model_changes_none(
    start_faulty: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet, trigger = faulty(start_faulty, folder, "dies", 2)
    survivor = held_by(fleet, 1)
    put(forest, folder)
    trigger.touch()
    told = failure(lambda: reload(survivor))
    trigger.unlink()
    assert reason_of(told) == "MODEL_NOT_READY"
    retry = RetryInfo()
    assert told.details[1].Unpack(retry)
    assert retry.retry_delay == Duration(seconds=1)
    until(lambda: len(fleet.listening()) == 2)
    assert {version(held[0]) for held in fleet.placed(1).values()} == {linear.version}


def test_a_reload_waits_for_a_worker_that_is_coming_back(
    start: Start, folder: Path, forest: Example
) -> None:
    fleet = start(folder)
    survivor = held_by(fleet, 2)
    put(forest, folder)
    os.kill(fleet.pid_of(1), signal.SIGKILL)
    fleet.process.event("worker.ended")
    reload(survivor)
    assert len(fleet.listening()) == 2
    assert {version(held[0]) for held in fleet.placed(1).values()} == {forest.version}


def test_a_worker_that_dies_in_between_comes_back_with_the_new_model(
    start_faulty: Start, folder: Path, forest: Example
) -> None:
    fleet, trigger = faulty(start_faulty, folder, "vanishes", 2)
    survivor, old = held_by(fleet, 1), fleet.pids()
    put(forest, folder)
    trigger.touch()
    reload(survivor)
    trigger.unlink()
    until(lambda: len(fleet.listening()) == 2 and fleet.pids() != old)
    assert {version(held[0]) for held in fleet.placed(1).values()} == {forest.version}


def held_by(fleet: Fleet, number: int) -> Client:
    """Opens a connection to the worker of that number."""
    return fleet.placed(1)[fleet.pid_of(number)][0]


def test_only_one_reload_runs_in_all_workers(
    start_faulty: Start, folder: Path, forest: Example
) -> None:
    fleet, trigger = faulty(start_faulty, folder, "dawdles", 1)
    (one,), (other,) = fleet.placed(1).values()
    put(forest, folder)
    trigger.touch()
    running = [
        client.models.ReloadModel.future(ReloadModelRequest(), timeout=SECONDS)
        for client in (one, other, one, other)
    ]
    until(lambda: [call.done() for call in running].count(True) == 3)
    # Predictions do not wait for it.
    assert forest.version not in {version(one), version(other)}
    trigger.unlink()
    ended = [call.exception() for call in running]
    assert ended.count(None) == 1
    busy = refusal(
        grpc.StatusCode.ABORTED,
        "RELOAD_IN_PROGRESS",
        "another reload is running",
        retry_seconds=1,
    )
    for call, error in zip(running, ended, strict=True):
        assert error is None or failure(call.result) == busy
    assert {version(one), version(other)} == {forest.version}


def test_a_worker_that_comes_back_serves_what_is_live_and_not_what_lies_in_the_folder(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    clients = [held[0] for held in fleet.placed(1).values()]
    (before,) = {info(client) for client in clients}
    put(forest, folder)
    victim = fleet.pids()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: not alive(victim) and len(fleet.listening()) == 2)
    assert {info(held[0]) for held in fleet.placed(1).values()} == {before}
    reload(fleet.client())
    assert {version(held[0]) for held in fleet.placed(1).values()} == {forest.version}


def test_a_stream_goes_on_with_the_model_that_it_has_pinned(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder)
    (one,), (other,) = fleet.placed(1).values()
    go_on = threading.Event()

    def chunks() -> Iterator[PredictStreamRequest]:
        request = PredictStreamRequest(sequence=1, pin_model=True)
        request.rows.items.add(rm=6)
        yield request
        assert go_on.wait(SECONDS)
        yield request

    answers = one.predictions.PredictStream(chunks(), timeout=SECONDS)
    assert next(answers).chunk.model_version == linear.version
    put(forest, folder)
    reload(other)
    assert version(one) == forest.version
    go_on.set()
    assert next(answers).chunk.model_version == linear.version
    assert list(next(answers).summary.model_versions) == [linear.version]


def test_a_bundle_that_is_refused_is_refused_as_by_one_process(
    start: Start, folder: Path, linear: Example
) -> None:
    fleet = start(folder)
    clients = [held[0] for held in fleet.placed(1).values()]
    (folder / "model.onnx").write_bytes(b"other")
    for client in clients:
        status = failure(lambda c=client: reload(c))  # type: ignore[misc]
        assert (status.code, reason_of(status)) == (
            grpc.StatusCode.DATA_LOSS.value[0], "BUNDLE_CHECKSUM",
        )  # fmt: skip
    named = ReloadModelRequest(version="2")
    status = failure(lambda: clients[0].models.ReloadModel(named, timeout=SECONDS))
    assert reason_of(status) == "SOURCE_HAS_NO_VERSIONS"
    assert {version(client) for client in clients} == {linear.version}
    found = fleet.metrics()
    assert found["housing_model_reloads_total", (("result", "BUNDLE_CHECKSUM"),)] == 2
    assert found["housing_model_reloads_total", (("result", "SOURCE_HAS_NO_VERSIONS"),)] == 1


def test_the_follower_moves_all(
    start: Start, folder: Path, linear: Example, forest: Example
) -> None:
    fleet = start(folder, MODEL_POLL_SECONDS="1")
    clients = [held[0] for held in fleet.placed(1).values()]
    put(forest, folder)
    until(lambda: version(clients[0]) == forest.version)
    until(lambda: version(clients[1]) == forest.version)
