import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from admin.base.errors import RegistryError
from admin.base.person import user
from admin.base.settings import Settings
from admin.jobs.seed import Seeded, seed
from admin.tracking.audit.decision import Moved
from admin.tracking.connection import connect, experiment_id
from admin.tracking.mlflow_client import Client
from admin.tracking.promotion import promote
from admin.tracking.records import promoted
from admin.tracking.registry import Registered, register
from admin.tracking.tags import MODEL_ID_TAG, SEED_TAG
from admin.training.spec import TrainingSpec
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from tests.support.examples import DATA
from tests.support.homes import Trained

ROOT = Path(__file__).parents[3]
LINEAR = TrainingSpec(model="linear", data=DATA)
# Runs a command up to its first file below a folder, and waits there to be killed.
UP_TO_ARTIFACTS = """
import sys, time

def stop(event, given):
    if event == "open" and str(given[0]).startswith(sys.argv[1]) and "w" in (given[1] or ""):
        print("here", flush=True)
        time.sleep(600)

from admin.cli import main
sys.addaudithook(stop)
main(sys.argv[2:])
"""


def test_a_run_becomes_a_version_once(client: Client, ready: Settings, trained: Trained) -> None:
    first = register(client, ready.location, trained.run_id)
    again = register(client, ready.location, trained.run_id)
    assert first == Registered(version=1, created=True)
    assert again == Registered(version=1, created=False)
    [version] = client.versions(ready.location.model_name)
    run = client.get_run(trained.run_id)
    assert version.digest == run.data.tags[DIGEST_TAG]
    assert (version.model, version.preprocessing) == ("linear", "v2_knn")
    assert version.rmse == run.data.metrics["rmse"]
    assert version.cv_rmse == run.data.metrics["cv_rmse"]
    assert version.aliases == ()
    assert version.data == DATA.name
    assert version.bytes == sum(file.stat().st_size for file in bundle_files(trained.home))
    assert version.registered_by == user()
    assert version.gate == ""


def bundle_files(home: Path) -> list[Path]:
    (folder,) = (found for found in home.rglob(BUNDLE_FOLDER) if found.is_dir())
    return list(folder.iterdir())


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_those_who_register_a_run_at_once_get_one_version(
    ready: Settings, trained: Trained, scheme: str
) -> None:
    # With the second spelling, the registry is not known for a file, and nobody locks it.
    uri = ready.location.tracking_uri.replace("sqlite", scheme)
    location = replace(ready.location, tracking_uri=uri)
    start = threading.Barrier(4)

    def one(_: int) -> Registered:
        client = Client(tracking_uri=uri, registry_uri=uri)
        start.wait()
        return register(client, location, trained.run_id)

    with connect(ready) as client, ThreadPoolExecutor(4) as pool:
        client.create_registered_model(location.model_name)
        found = list(pool.map(one, range(4)))
        assert sorted(each.created for each in found) == [False, False, False, True]
        [version] = client.versions(location.model_name)
        assert {each.version for each in found} == {version.number}
        assert register(client, location, trained.run_id).version == version.number


def test_a_version_holds_the_bundle_where_servers_look(
    client: Client, ready: Settings, trained: Trained
) -> None:
    import mlflow

    register(client, ready.location, trained.run_id)
    found = mlflow.artifacts.download_artifacts(
        f"models:/{ready.location.model_name}/1/{BUNDLE_FOLDER}"
    )
    names = {"card.json", "metadata.json", "preprocessor.json", "model.onnx", "model.linear"}
    names |= {"interval.bin", "neighbours.bin", "scale.trees"}
    assert {file.name for file in Path(found).iterdir()} == names


@pytest.mark.parametrize("run_id", ["nope", "7'", "../x", "0" * 32])
def test_a_run_that_is_not_there_is_refused(client: Client, ready: Settings, run_id: str) -> None:
    with pytest.raises(RegistryError) as caught:
        register(client, ready.location, run_id)
    assert str(caught.value) == f"there is no run {run_id}; see: housing-admin runs"


def test_a_run_that_goes_on_or_has_no_bundle_is_refused(client: Client, ready: Settings) -> None:
    run_id = client.create_run(experiment_id(client, ready)).info.run_id
    with pytest.raises(RegistryError, match="is RUNNING, not FINISHED"):
        register(client, ready.location, run_id)
    client.set_terminated(run_id)
    with pytest.raises(RegistryError, match="has no bundle to register"):
        register(client, ready.location, run_id)
    client.set_tag(run_id, MODEL_ID_TAG, "m-0")
    client.set_tag(run_id, DIGEST_TAG, "0" * 64)
    with pytest.raises(RegistryError, match="has no bundle to register"):
        register(client, ready.location, run_id)
    assert client.versions(ready.location.model_name) == []


def test_promoting_moves_the_alias(client: Client, ready: Settings, trained: Trained) -> None:
    location = ready.location
    assert promoted(client, location) is None
    register(client, location, trained.run_id)
    assert promote(client, location, 1) == Moved(previous=None, version=1)
    assert promote(client, location, 1) == Moved(previous=1, version=1)
    assert promoted(client, location) == 1
    assert client.versions(location.model_name)[0].aliases == ("production",)


def test_only_a_version_that_can_be_served_is_promoted(
    client: Client, ready: Settings, trained: Trained, tmp_path: Path
) -> None:
    location = ready.location
    with pytest.raises(RegistryError, match="has no version 1; it has: none; register a run first"):
        promote(client, location, 1)
    register(client, location, trained.run_id)
    promote(client, location, 1)
    client.create_model_version(location.model_name, source=str(tmp_path))
    with pytest.raises(RegistryError, match="version 2 of housing-price-model has no bundle"):
        promote(client, location, 2)
    with pytest.raises(RegistryError, match="has no version 3; it has: 1, 2"):
        promote(client, location, 3)
    assert promoted(client, location) == 1


def test_an_alias_of_a_deleted_version_promotes_nothing(
    client: Client, ready: Settings, trained: Trained
) -> None:
    register(client, ready.location, trained.run_id)
    promote(client, ready.location, 1)
    client.delete_model_version(ready.location.model_name, "1")
    assert promoted(client, ready.location) is None
    assert client.versions(ready.location.model_name) == []


def test_a_seed_leaves_what_is_promoted(client: Client, ready: Settings, trained: Trained) -> None:
    register(client, ready.location, trained.run_id)
    promote(client, ready.location, 1)
    assert seed(client, ready, LINEAR) == Seeded(version=1, run_id="")
    assert len(client.search_runs([experiment_id(client, ready)])) == 1


def test_a_seed_takes_up_the_run_of_one_that_was_killed(
    client: Client, ready: Settings, trained: Trained
) -> None:
    client.set_tag(trained.run_id, SEED_TAG, LINEAR.title)
    assert seed(client, ready, LINEAR) == Seeded(version=1, run_id=trained.run_id)
    assert promoted(client, ready.location) == 1


def test_a_seed_that_is_killed_leaves_nothing_half_and_can_be_repeated(bare: Settings) -> None:
    seeding = ["seed", "--model", "linear", "--data", str(DATA)]
    command = [sys.executable, "-c", UP_TO_ARTIFACTS, str(bare.home / "artifacts"), *seeding]
    environment = {
        **os.environ,
        "HOUSING_HOME": str(bare.home),
        "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
    }
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert (said, process.returncode) == ("here\n", -signal.SIGKILL)
    with connect(bare) as client:
        assert promoted(client, bare.location) is None
        assert client.versions(bare.location.model_name) == []
        assert seed(client, bare, LINEAR).version == 1
        assert promoted(client, bare.location) == 1
