"""ReloadModel on a server of a bundle folder."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelResponse
from housing.v1.prediction_pb2 import PredictRequest

from housing_grpc.bundle.model import load
from tests.support import broken_bundles as broken
from tests.support.client import SECONDS, Client, failure, reason_of, refusal
from tests.support.examples import Example
from tests.support.reloads import price, reload, replace
from tests.support.serving import Events, Serve


@pytest.fixture
def folder(tmp_path: Path, linear: Example) -> Path:
    return Path(shutil.copytree(linear.folder, tmp_path / "live"))


def test_another_bundle_becomes_live(
    serve: Serve, folder: Path, linear: Example, forest: Example, events: Events
) -> None:
    client = serve(folder)
    before = price(client)
    replace(folder, forest.folder)
    answer = reload(client)
    assert answer.duration.ToNanoseconds() > 0
    answer.ClearField("duration")
    assert answer == ReloadModelResponse(
        previous_version=linear.version,
        version=forest.version,
        changed=True,
        bundle_digest=forest.digest,
        generation=2,
    )
    assert price(client) != pytest.approx(before)
    info = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    assert (info.version, info.generation, info.model_type) == (forest.version, 2, "random_forest")
    assert [event["version"] for event in events.of("model.live")] == [
        linear.version,
        forest.version,
    ]


def test_the_same_bundle_stays_live(client: Client, linear: Example) -> None:
    answer = reload(client)
    assert answer.duration.ToNanoseconds() > 0
    answer.ClearField("duration")
    assert answer == ReloadModelResponse(
        previous_version=linear.version,
        version=linear.version,
        changed=False,
        bundle_digest=linear.digest,
        generation=1,
    )


def test_a_dry_run_says_how_prices_differ_and_changes_nothing(
    serve: Serve, folder: Path, linear: Example, forest: Example, events: Events
) -> None:
    client = serve(folder)
    before = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    replace(folder, forest.folder)
    answer = reload(client, dry_run=True)
    assert (answer.previous_version, answer.version) == (linear.version, forest.version)
    assert (answer.changed, answer.bundle_digest, answer.generation) == (True, forest.digest, 1)
    old, new = load(linear.folder), load(forest.folder)
    golden = [*old.metadata.golden.rows, *new.metadata.golden.rows]
    rows = np.array(list(dict.fromkeys(map(tuple, golden))), dtype=np.float64)
    changes = new.predict(rows) - old.predict(rows)
    diff = answer.diff
    assert (diff.rows, diff.rows_from) == (len(rows), "golden rows")
    assert diff.mean_change == pytest.approx(changes.mean())
    assert diff.largest_change == pytest.approx(np.abs(changes).max())
    assert 0 < diff.p99_change <= diff.largest_change
    found = [each.new_price - each.price for each in diff.changes]
    assert np.abs(found) == pytest.approx(np.sort(np.abs(changes))[:-6:-1])
    for each in diff.changes:
        asked = PredictRequest(house=each.house)
        assert client.predictions.Predict(asked, timeout=SECONDS).prediction == each.price
    assert client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS) == before
    assert len(events.of("model.live")) == 1


def test_a_dry_run_of_what_is_live(client: Client, linear: Example) -> None:
    answer = reload(client, dry_run=True)
    assert (answer.changed, answer.version, answer.generation) == (False, linear.version, 1)
    assert (answer.diff.largest_change, len(answer.diff.changes)) == (0, 0)


def test_a_dry_run_refuses_what_a_reload_would(serve: Serve, folder: Path) -> None:
    client = serve(folder)
    (folder / "model.linear").write_bytes(b"")
    status = failure(lambda: reload(client, dry_run=True))
    assert reason_of(status) == "BUNDLE_CHECKSUM"


@pytest.mark.parametrize("target", [{"version": "2"}, {"alias": "production"}])
def test_a_folder_has_no_versions(client: Client, target: dict[str, str]) -> None:
    assert failure(lambda: reload(client, **target)) == refusal(
        StatusCode.FAILED_PRECONDITION,
        "SOURCE_HAS_NO_VERSIONS",
        "this server serves a bundle folder, which has no versions or aliases; "
        "reload without naming one",
    )


VERSION = "version: must be a registered version's number, such as '2'"
ALIAS = "alias: must be a name such as 'production', or be left out"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"version": ""}, VERSION),
        ({"version": "two"}, VERSION),
        ({"version": "-1"}, VERSION),
        ({"version": "1.0"}, VERSION),
        ({"version": "²"}, VERSION),
        ({"version": "1" * 30}, VERSION),
        ({"alias": ""}, ALIAS),
        ({"alias": "../production"}, ALIAS),
        ({"alias": "a" * 256}, ALIAS),
    ],
)
def test_a_target_that_cannot_be(client: Client, target: dict[str, str], message: str) -> None:
    field = next(iter(target))
    violations = {field: message.removeprefix(f"{field}: ")}
    assert failure(lambda: reload(client, **target)) == refusal(
        StatusCode.INVALID_ARGUMENT, "INVALID_TARGET", message, violations
    )


Fault = tuple[Callable[[Path], object], StatusCode, str]

FAULTS: list[Fault] = [
    (broken.truncated, StatusCode.DATA_LOSS, "BUNDLE_CHECKSUM"),
    (broken.flipped_bit, StatusCode.DATA_LOSS, "BUNDLE_CHECKSUM"),
    (broken.extra_file, StatusCode.DATA_LOSS, "BUNDLE_CHECKSUM"),
    (broken.missing_file, StatusCode.DATA_LOSS, "BUNDLE_CHECKSUM"),
    (broken.not_json, StatusCode.FAILED_PRECONDITION, "BUNDLE_FORMAT"),
    (lambda f: (f / "metadata.json").unlink(), StatusCode.FAILED_PRECONDITION, "BUNDLE_FORMAT"),
    (shutil.rmtree, StatusCode.FAILED_PRECONDITION, "BUNDLE_FORMAT"),
    (broken.newer_format, StatusCode.FAILED_PRECONDITION, "BUNDLE_FORMAT"),
    (broken.wrong_features, StatusCode.FAILED_PRECONDITION, "SCHEMA_INCOMPATIBLE"),
    (broken.joblib_inside, StatusCode.FAILED_PRECONDITION, "BUNDLE_UNSAFE"),
    (broken.symlink, StatusCode.FAILED_PRECONDITION, "BUNDLE_UNSAFE"),
    (broken.other_answers, StatusCode.FAILED_PRECONDITION, "SELF_TEST"),
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bundle_that_cannot_be_served_leaves_the_old_one_live(
    serve: Serve, folder: Path, forest: Example, events: Events, fault: Fault
) -> None:
    damage, code, reason = fault
    client = serve(folder)
    before = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    replace(folder, forest.folder)
    damage(folder)
    status = failure(lambda: reload(client))
    assert (status.code, reason_of(status)) == (code.value[0], reason)
    assert str(folder.parent) not in status.message
    assert events.of("reload.failed") == [{"reason": reason, "serving": before.version}]
    # What is wrong with a bundle is no fault of the server's: no stack is logged.
    failed = next(record for record in events.records if record.msg == "call.failed")
    assert (failed.levelno, failed.exc_info) == (logging.INFO, None)
    assert client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS) == before
    assert price(client) > 0
    # What is put right is served at once.
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(forest.folder, folder)
    assert reload(client).generation == 2
