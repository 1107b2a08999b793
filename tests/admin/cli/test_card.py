import json
from typing import TYPE_CHECKING

import pytest

from admin.base.settings import Settings
from admin.jobs.train import train
from admin.tracking.registry import register
from admin.training.spec import TrainingSpec
from tests.support.commands import Say
from tests.support.examples import DATA
from tests.support.homes import Trained

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def test_the_card_of_a_version_is_shown(
    client: "Client", here: Settings, say: Say, trained: Trained
) -> None:
    version = register(client, here.location, trained.run_id).version
    said = say("card", str(version)).out
    assert said.startswith("# linear x v2_knn\n\n**Intended use.** To show how this software works")
    assert "race is an input of the model" in said
    found = json.loads(say("card", str(version), "--json").out)
    assert found["recipe"]["command"].startswith("housing-admin train --model linear ")
    assert f"`{found['recipe']['command']}`" in said
    assert (found["data"]["file"], found["data"]["rows"]) == ("HousingData.csv", 506)
    assert found["lineage"]["run_id"] == trained.run_id
    # What people see on MLflow's pages is the same, and who has registered it.
    described = client.get_model_version(here.location.model_name, str(version)).description or ""
    assert described.startswith(said.rstrip("\n"))
    assert len(described) <= 5000


def test_without_a_card_it_is_said_how_to_get_one(
    bare_client: "Client", bare: Settings, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = TrainingSpec(model="linear", data=DATA, bundle_format=1)
    run_id = train(bare_client, bare, spec).bundle.run_id
    register(bare_client, bare.location, run_id)
    monkeypatch.setenv("HOUSING_HOME", str(bare.home))
    said = say("card", "1", code=4).err
    assert "version 1 has no card, as its bundle is of an earlier release" in said
    assert "to make one that has: housing-admin upgrade 1" in said
    text = bare_client.get_model_version(bare.location.model_name, "1").description or ""
    assert text.startswith("linear x v2_knn on HousingData.csv with seed 42")
    say("upgrade", "1")
    assert json.loads(say("card", "2", "--json").out)["lineage"]["parent"]


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["card"], 2, "card needs VERSION"),
        (["card", "two"], 2, "VERSION: 'two' is not right"),
        (["card", "7"], 4, "has no version 7; it has: none"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_wrong_is_named(say: Say, arguments: list[str], code: int, text: str) -> None:
    assert text in say(*arguments, code=code).err
