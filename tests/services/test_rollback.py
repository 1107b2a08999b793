"""The way back to the previous model: by request, and by itself."""

import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.model_pb2 import (
    ModelInfoRequest,
    ModelInfoResponse,
    RollbackModelRequest,
    RollbackModelResponse,
)
from housing.v1.prediction_pb2 import House, HouseRows, PredictBatchRequest, PredictStreamRequest

from tests.support import faulty_models
from tests.support.client import SECONDS, Client, failed, failure, reason_of, refusal
from tests.support.examples import Example
from tests.support.faulty_models import BAD, GOOD
from tests.support.reloads import after_changes, reload, reload_after, replace
from tests.support.serving import Events, Serve
from tests.support.waiting import until

NO_PREVIOUS = "no previous model is in memory: {}; reload the version that is to serve instead"
OVER = (
    "it is kept for {} s after a change of model, which PROBATION_SECONDS sets, and not after a "
    "rollback"
)


def no_previous(why: str) -> Status:
    return refusal(StatusCode.FAILED_PRECONDITION, "NO_PREVIOUS_MODEL", NO_PREVIOUS.format(why))


@pytest.fixture
def folder(tmp_path: Path, linear: Example) -> Path:
    shutil.copytree(linear.folder, tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def faulty(tmp_path: Path, linear: Example) -> Example:
    return faulty_models.write(linear, tmp_path / "faulty")


def rollback(client: Client) -> RollbackModelResponse:
    return client.models.RollbackModel(RollbackModelRequest(), timeout=SECONDS)


def info(client: Client) -> ModelInfoResponse:
    return client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)


def version(client: Client) -> str:
    return client.predictions.Predict(GOOD, timeout=SECONDS).model_version


def predict(client: Client) -> None:
    client.predictions.Predict(BAD, timeout=SECONDS)


def batch(client: Client) -> None:
    request = PredictBatchRequest(items=[House(rm=7), House(rm=1e30)])
    client.predictions.PredictBatch(request, timeout=SECONDS)


def stream(client: Client) -> None:
    chunk = PredictStreamRequest(rows=HouseRows(items=[House(rm=1e30)]))
    for _ in client.predictions.PredictStream(iter([chunk]), timeout=SECONDS):
        pass


def break_down(client: Client, *calls: Callable[[Client], None]) -> None:
    """Makes calls that fail, as their model gives what is no price."""
    for call in calls:
        status = failure(lambda call=call: call(client))  # type: ignore[misc]
        assert reason_of(status) == "MODEL_OUTPUT_INVALID"


def test_one_call_goes_back(
    serve: Serve, folder: Path, linear: Example, forest: Example, events: Events
) -> None:
    client = serve(folder)
    replace(folder, forest.folder)
    reload(client)
    # The previous one is in memory: its folder is not asked.
    shutil.rmtree(folder)
    found = rollback(client)
    assert (found.previous_version, found.version) == (forest.version, linear.version)
    assert (found.bundle_digest, found.generation) == (linear.digest, 3)
    assert found.duration.ToNanoseconds() > 0
    told = info(client)
    assert (told.version, told.rolled_back_from) == (linear.version, forest.version)
    assert version(client) == linear.version
    assert events.of("model.rolled_back") == [
        {"version": linear.version, "previous": forest.version, "cause": "request"}
    ]
    # Back and forth is for ReloadModel.
    assert failure(lambda: rollback(client)) == no_previous(OVER.format(600))


def test_without_a_previous_model_the_error_says_why(
    serve: Serve, folder: Path, linear: Example, forest: Example
) -> None:
    client = serve(folder)
    assert failure(lambda: rollback(client)) == no_previous(OVER.format(600))
    none = serve(folder, probation_seconds=0)
    replace(folder, forest.folder)
    reload(none)
    assert failure(lambda: rollback(none)) == no_previous("PROBATION_SECONDS is 0")
    assert not info(none).rolled_back_from


def test_the_previous_model_goes_when_its_time_is_up(
    serve: Serve, folder: Path, forest: Example
) -> None:
    client = serve(folder, probation_seconds=0.01)
    replace(folder, forest.folder)
    reload(client)

    def over() -> bool:
        try:
            rollback(client)
        except grpc.RpcError as error:
            return "PROBATION_SECONDS" in str(error)
        # The call was faster than the clock.
        reload_after(client)
        return False

    until(over)


def test_three_faults_of_any_kind_go_back_by_themselves(
    serve: Serve, folder: Path, linear: Example, faulty: Example, events: Events
) -> None:
    client = serve(folder)
    replace(folder, faulty.folder)
    reload(client)
    break_down(client, predict, batch)
    assert version(client) == faulty.version
    break_down(client, stream)
    told = events.wait_for("model.rolled_back")
    assert told == {"version": linear.version, "previous": faulty.version, "cause": "automatic"}
    assert info(client).rolled_back_from == faulty.version
    predict(client)
    # What went live once is not to fail again and again.
    reload_after(client)
    assert not info(client).rolled_back_from
    break_down(client, *[predict] * 4)
    assert events.wait_for("rollback.held") == {"version": faulty.version}
    assert version(client) == faulty.version
    assert len(events.of("rollback.held")) == len(events.of("model.rolled_back")) == 1
    # By request it goes all the same.
    after_changes(lambda: rollback(client))
    assert version(client) == linear.version


def test_a_model_without_a_previous_one_stays(
    serve: Serve, linear: Example, faulty: Example, events: Events
) -> None:
    client = serve(faulty.folder)
    break_down(client, *[predict] * 6)
    assert version(client) == faulty.version
    assert not events.of("rollback.held")


def test_the_follower_does_not_bring_it_back(
    serve: Serve, folder: Path, forest: Example, faulty: Example, events: Events
) -> None:
    client = serve(folder, model_poll_seconds=1)
    first = version(client)
    replace(folder, faulty.folder)
    # The operator is faster than the follower, who then finds another version than it knows.
    reload(client)
    break_down(client, *[predict] * 3)
    events.wait_for("model.rolled_back")
    until(lambda: bool(events.of("follower.refused") or events.of("follower.moved")))
    assert version(client) == first
    # Where the follower was faster, it knows the version, and has nothing to refuse.
    refused = [{"version": faulty.version, "reason": "ROLLED_BACK"}]
    assert events.of("follower.refused") == ([] if events.of("follower.moved") else refused)
    replace(folder, forest.folder)
    until(lambda: version(client) == forest.version)


def test_a_call_that_still_holds_the_old_model_counts_nothing(
    serve: Serve, forest: Example, faulty: Example, events: Events
) -> None:
    client = serve(faulty.folder)
    sent = threading.Event()

    def chunks() -> Iterator[PredictStreamRequest]:
        yield PredictStreamRequest(pin_model=True, rows=HouseRows(items=[House(rm=7)]))
        sent.wait()
        yield PredictStreamRequest(sequence=1, rows=HouseRows(items=[House(rm=1e30)]))

    streams = [client.predictions.PredictStream(chunks(), timeout=SECONDS) for _ in range(3)]
    for each in streams:
        next(each)
    replace(faulty.folder, forest.folder)
    reload(client)
    sent.set()
    for each in streams:
        failed(lambda each=each: next(each))  # type: ignore[misc]
    assert version(client) == forest.version
    assert not events.of("model.rolled_back")


def test_the_log_of_a_rollback_is_a_warning(
    serve: Serve, folder: Path, forest: Example, events: Events
) -> None:
    client = serve(folder)
    replace(folder, forest.folder)
    reload(client)
    rollback(client)
    (record,) = [each for each in events.records if each.msg == "model.rolled_back"]
    assert record.levelno == logging.WARNING
