"""`housing-admin gate` on a real registry: who passes, who is refused, and why."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from admin.base.settings import Settings
from admin.tracking.promotion import LOGGED_MODEL, promote
from admin.tracking.registry import register
from admin.tracking.tags import DATA_PATH_TAG
from admin.training.spec import TrainingSpec
from housing_grpc.bundle import format as bundle_format
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from housing_grpc.registry.moved_home import local_folder
from tests.admin.gate.conftest import add
from tests.support.commands import Say
from tests.support.examples import DATA, contents
from tests.support.homes import Trained, settings_of

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

RULES = ["exactness", "schema", "size", "speed", "quality", "interval", "slices"]


def accepting(client: "Client", settings: Settings, names: str) -> str:
    """Registers version 1 once more, with a bundle that says which columns it accepts."""
    name = settings.location.model_name
    seen = client.get_model_version(name, "1")
    model = client.get_logged_model(str(seen.source).removeprefix(LOGGED_MODEL))
    again = client.create_logged_model(model.experiment_id)
    here, there = (local_folder(each.artifact_location) for each in (model, again))
    assert here is not None
    assert there is not None
    metadata = bundle_format.read(here / BUNDLE_FOLDER).metadata
    changed = msgspec.structs.replace(metadata, params={**metadata.params, "accept": names})
    digest = bundle_format.write(there / BUNDLE_FOLDER, changed, contents(here / BUNDLE_FOLDER))
    source, tags = f"{LOGGED_MODEL}{again.model_id}", {DIGEST_TAG: str(digest)}
    made = client.create_model_version(name, source, model_id=again.model_id, tags=tags)
    return str(made.version)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["verdict"] for rule in document["rules"]}


def test_the_first_version_is_looked_at_alone(
    here: Settings, client: "Client", trained: Trained, say: Say
) -> None:
    register(client, here.location, trained.run_id)
    found = json.loads(say("gate", 1, "--json").out)
    assert (found["against"], found["verdict"], found["refused"]) == (None, "PASS", False)
    assert verdicts(found) == dict.fromkeys(["exactness", "schema", "size"], "PASS")
    assert found["inputs"]["champion"] == found["inputs"]["data"] == ""


def test_a_version_passes_against_itself(
    first: Settings, client: "Client", say: Say, quick: Path
) -> None:
    found = json.loads(say("gate", 1, "--policy", quick, "--json").out)
    assert list(verdicts(found)) == RULES
    assert set(verdicts(found).values()) <= {"PASS", "NOT_ASKED"}
    quality = found["rules"][4]["figures"]
    assert (quality["ratio"], quality["lower"], quality["upper"]) == (1, 1, 1)
    (version,) = client.versions(first.location.model_name)
    assert found["inputs"]["candidate"] == found["inputs"]["champion"] == version.digest
    assert found["inputs"]["data"] == client.run(version.run_id).tags["data_digest"]  # type: ignore[union-attr]
    assert len(found["evidence_digest"]) == 64


def test_a_better_one_passes_and_a_worse_one_is_refused(
    first: Settings, client: "Client", say: Say, quick: Path
) -> None:
    trees = TrainingSpec(
        model="xgboost", params={"n_estimators": 60, "learning_rate": 0.2}, data=DATA
    )
    better = add(client, first, trees)
    found = json.loads(say("gate", better, "--policy", quick, "--json").out)
    assert found["verdict"] == "PASS"
    assert found["rules"][4]["figures"]["upper"] < 0.9
    promote(client, first.location, better)
    out, err = say("gate", 1, "--policy", quick, code=7)
    assert "error: version 1 is refused: quality, " in err
    assert "quality\tFAIL\tRMSE " in out
    assert "To make quality pass: an RMSE of about " in out
    assert "Version 1: FAIL and refused, evidence " in out


def test_without_its_data_nothing_can_be_said(
    first: Settings, client: "Client", say: Say, quick: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("".join(DATA.read_text().splitlines(keepends=True)[:200]))
    number = add(client, first, TrainingSpec(model="linear", data=own))
    found = json.loads(say("gate", number, "--policy", quick, "--json").out)
    assert found["inputs"]["data"] != ""
    own.rename(tmp_path / "elsewhere.csv")
    out = say("gate", number, "--policy", quick, code=7).out
    assert "quality\tINCONCLUSIVE\tcandidate: its data (SHA-256 " in out
    assert "name the data with --data FILE" in out
    for file in (tmp_path / "elsewhere.csv", DATA):
        found = json.loads(say("gate", number, "--policy", quick, "--data", file, "--json").out)
        assert found["verdict"] == "PASS"
    allowed = tmp_path / "allowed.yaml"
    allowed.write_text("quality: {allow_inconclusive: true}\n")
    assert "INCONCLUSIVE" in say("gate", number, "--policy", allowed).out


def test_a_bundle_that_is_damaged(
    home: Path, say: Say, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from admin.tracking.connection import connect

    monkeypatch.setenv("HOUSING_HOME", str(home))
    settings = settings_of(home)
    (file,) = home.rglob("preprocessor.json")
    with connect(settings) as client:
        second = add(client, settings, TrainingSpec(model="linear", data=DATA, seed=1))
    file.write_text("{}")
    out = say("gate", second, "--policy", quick, code=7).out
    assert "quality\tINCONCLUSIVE\tchampion, version 1: the bundle cannot be used: " in out
    assert "To make quality pass: go back to one that can be used, with `rollback" in out
    out = say("gate", 1, code=7).out
    assert "exactness\tFAIL\tthe bundle cannot be used: " in out
    assert "To make exactness pass: train and register the model again." in out
    say("promote", second, "--policy", quick, "--force", "--reason", "a test")
    forced = say("promote", 1, "--force", "--reason", "a test", code=7)
    assert "refused: exactness" in forced.err
    assert "nor by --force, as no server could use it" in forced.err


def test_what_is_typed_wrong_is_said(
    first: Settings, client: "Client", say: Say, tmp_path: Path
) -> None:
    assert "has no version 7" in say("gate", 7, code=4).err
    assert "VERSION: 'x' is not right" in say("gate", "x", code=2).err
    assert "gate needs VERSION" in say("gate", code=2).err
    rules = tmp_path / "rules.yaml"
    rules.write_text("size: {mebibytes: none}\n")
    assert (
        "size.mebibytes is 'none'; give a number" in say("gate", 1, "--policy", rules, code=2).err
    )
    (version,) = client.versions(first.location.model_name)
    assert client.run(version.run_id).tags[DATA_PATH_TAG] == str(DATA)  # type: ignore[union-attr]
    missing = say("gate", 1, "--data", tmp_path / "none.csv", code=3).err
    assert "none.csv" in missing


def test_columns_that_a_bundle_names_are_no_mistake_of_the_caller(
    first: Settings, client: "Client", say: Say, quick: Path
) -> None:
    number = accepting(client, first, "RM,HEIGHT")
    found = json.loads(say("gate", number, "--policy", quick, "--json", code=7).out)
    assert verdicts(found)["quality"] == found["verdict"] == "INCONCLUSIVE"
    assert "candidate: what its bundle says of columns to accept: " in found["rules"][4]["found"]
    said = say("compare", 1, number, code=6).err
    assert "version 2: what its bundle says of columns to accept: accept: 'HEIGHT' is no" in said
