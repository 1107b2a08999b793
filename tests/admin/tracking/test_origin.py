"""What MLflow's pages show beside numbers: who, with which command, of what kind."""

import getpass
import json
from typing import TYPE_CHECKING

import pytest

from admin.base.settings import Settings
from admin.jobs import experiment
from admin.jobs.seed import seed
from admin.jobs.train import train
from admin.tracking.connection import experiment_id
from admin.tracking.experiment import EXPERIMENT
from admin.tracking.registry import register
from admin.training import experiment_backends
from admin.training.experiment_config import ExperimentConfig
from admin.training.spec import TrainingSpec
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

LINEAR = TrainingSpec(model="linear", data=DATA, cv=2)
NOTE = "mlflow.note.content"


@pytest.fixture(autouse=True)
def someone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ada")


def tags_of(client: "Client", run_id: str) -> dict[str, str]:
    return dict(client.get_run(run_id).data.tags)


def test_a_training_says_who_made_it_and_how(bare_client: "Client", bare: Settings) -> None:
    found = tags_of(bare_client, train(bare_client, bare, LINEAR).bundle.run_id)
    assert found["mlflow.user"] == "ada"
    assert (found["mlflow.source.type"], found["mlflow.source.name"]) == (
        "LOCAL", "housing-admin train",
    )  # fmt: skip
    assert found[NOTE].startswith("linear x v2_knn on HousingData.csv with seed 42")
    assert "2 folds and from 20% of the rows" in found[NOTE]


def test_the_experiment_has_its_kind_and_a_description(
    bare_client: "Client", bare: Settings
) -> None:
    made = bare_client.get_experiment(experiment_id(bare_client, bare))
    assert made.tags["mlflow.experimentKind"] == "custom_model_development"
    assert made.tags["mlflow.experiment.primaryMetric.name"] == "cv_rmse"
    assert "house prices" in made.tags[NOTE]


def test_an_experiment_that_has_none_gets_them_and_keeps_what_people_wrote(
    bare_client: "Client", bare: Settings
) -> None:
    number = bare_client.create_experiment(EXPERIMENT, tags={NOTE: "Ours."})
    assert experiment_id(bare_client, bare) == number
    tags = bare_client.get_experiment(number).tags
    assert tags[NOTE] == "Ours."
    assert tags["mlflow.experimentKind"] == "custom_model_development"


def test_all_runs_of_an_experiment_say_what_they_are(bare_client: "Client", bare: Settings) -> None:
    wanted = ExperimentConfig(name="grid", specs=(LINEAR, LINEAR))
    found = experiment.run(bare_client, bare, wanted, experiment_backends.in_turn)
    parent = tags_of(bare_client, found.run_id)
    assert parent[NOTE].startswith("2 combinations")
    lines = [tags_of(bare_client, line.run_id) for line in found.lines]
    assert {tags[NOTE].partition(":")[0] for tags in lines} == {
        "Combination 1 of 2 of grid",
        "Combination 2 of 2 of grid",
    }
    for tags in (parent, *lines):
        assert (tags["mlflow.user"], tags["mlflow.source.name"]) == (
            "ada", "housing-admin experiment",
        )  # fmt: skip


def test_what_is_registered_is_described(bare_client: "Client", bare: Settings) -> None:
    name = bare.location.model_name
    bare_client.create_registered_model(name)
    done = seed(bare_client, bare, LINEAR)
    assert tags_of(bare_client, done.run_id)["mlflow.source.name"] == "housing-admin seed"
    model = bare_client.get_registered_model(name)
    assert f"`{bare.location.alias}`" in (model.description or "")
    text = bare_client.get_model_version(name, str(done.version)).description or ""
    assert text.startswith("# linear x v2_knn\n\n**Intended use.**")
    assert "Errors in thousands of USD." in text
    assert "| rmse | 2 folds | " in text
    assert text.endswith("Logged by ada, registered by ada.")
    bare_client.update_registered_model(name, "Ours.")
    register(bare_client, bare.location, train(bare_client, bare, LINEAR).bundle.run_id)
    assert bare_client.get_registered_model(name).description == "Ours."


def test_a_logged_model_says_where_it_is_from(bare_client: "Client", bare: Settings) -> None:
    done = train(bare_client, bare, LINEAR)
    version = register(bare_client, bare.location, done.bundle.run_id).version
    run, model = (
        bare_client.get_run(done.bundle.run_id),
        bare_client.get_logged_model(done.bundle.model_id),
    )
    for name in ("mlflow.user", "mlflow.source.name", NOTE):
        assert model.tags[name] == run.data.tags[name]
    assert json.loads(model.tags["mlflow.modelVersions"]) == [
        {"name": bare.location.model_name, "version": str(version)}
    ]
    assert run.inputs
    [data] = run.inputs.dataset_inputs
    assert {(each.dataset_name, each.dataset_digest) for each in model.metrics or ()} == {
        (data.dataset.name, data.dataset.digest)
    }


def test_a_user_without_a_name_is_unknown(
    bare_client: "Client", bare: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise OSError("No username set in the environment")

    monkeypatch.setattr(getpass, "getuser", nobody)
    run_id = train(bare_client, bare, LINEAR).bundle.run_id
    assert tags_of(bare_client, run_id)["mlflow.user"] == "unknown"
