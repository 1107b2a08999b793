"""PostgreSQL, the S3 store and MLflow's server gone, each in turn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import House, PredictRequest

from tests.integration import stack
from tests.integration.stack import STORES, Stack
from tests.support.client import Client, failure, reason_of
from tests.support.waiting import SECONDS

pytestmark = pytest.mark.integration

OLDER, NEWER = 1, 2
PARTS = ("postgres", "store", "mlflow")
REQUEST = PredictRequest(house=House(rm=6.5, lstat=12, crim=1))


@pytest.fixture(scope="module")
def models() -> Iterator[Stack]:
    with stack.real(STORES["minio"]) as found:
        assert [found.train(), found.train()] == [OLDER, NEWER]
        yield found


def price(client: Client) -> str:
    return client.predictions.Predict(REQUEST, timeout=SECONDS).model_version


def refused(client: Client) -> None:
    """A reload is refused within 10 s, says when to come again, and changes nothing."""
    before = price(client)
    # The deadline is beyond the promised 10 s by what it takes to start a process.
    status = failure(lambda: client.models.ReloadModel(ReloadModelRequest(), timeout=11))
    assert (status.code, reason_of(status)) == (code_pb2.UNAVAILABLE, "REGISTRY_UNAVAILABLE")
    assert status.details[1].Is(RetryInfo.DESCRIPTOR)
    assert price(client) == before


@pytest.mark.parametrize("part", PARTS)
def test_a_server_outlives_what_it_loads_from(models: Stack, part: str, tmp_path: Path) -> None:
    models.told("promote", f"--version={OLDER}")
    with models.serving(tmp_path) as client:
        models.told("promote", f"--version={NEWER}")
        models.daemons[part].freeze(frozen=True)
        refused(client)
        models.daemons[part].freeze(frozen=False)
        models.daemons[part].stop()
        refused(client)
    try:
        with models.serving(tmp_path) as client:
            info = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
            assert (info.version, info.stale) == (str(OLDER), True)
            assert price(client) == str(OLDER)
            models.daemons[part].start()
            answer = client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
            assert (answer.version, answer.changed) == (str(NEWER), True)
            assert not client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS).stale
    finally:
        models.daemons[part].stop()
        models.daemons[part].start()


@pytest.mark.parametrize("part", PARTS)
def test_training_fails_with_a_word_and_leaves_no_version(models: Stack, part: str) -> None:
    before = models.told("models")
    models.daemons[part].stop()
    try:
        done = models.admin("train", "--model=linear", "--preprocessor=v1_median", "--register")
    finally:
        models.daemons[part].start()
    assert done.returncode == 4, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "MLflow" in line
    assert "unexpected" not in line
    assert models.told("models") == before
