import json
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from admin import cli
from admin.base.person import user
from admin.base.settings import Settings
from admin.tracking.connection import connect
from housing_grpc.registry.location import default_tracking_uri
from tests.admin.terminal.fake_terminal import Terminal
from tests.support.commands import Say
from tests.support.examples import DATA, MODEL_NAME
from tests.support.homes import Trained, copy

Run = Callable[..., Any]

TRAINING = ("train", "--model", "linear", "--params", "alpha=2", "--cv", "2", "--register")


@dataclass(frozen=True, kw_only=True)
class Made:
    """A home in which a command has made version 1, and what that command told."""

    home: Path
    told: dict[str, Any]


@pytest.fixture(scope="module")
def made(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = tmp_path_factory.mktemp("made") / "home"
    copy(trained.home, home)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as out:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        patch.setenv("HOUSING_HOME", str(home))
        assert cli.main([*TRAINING, "--json"]) == 0
    return Made(home=home, told=json.loads(out.getvalue()))


@pytest.fixture
def run(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say) -> Run:
    """Runs commands on a copy of that home: `run("models")` returns what one tells."""
    copy(made.home, tmp_path / "home")
    monkeypatch.setenv("HOUSING_HOME", str(tmp_path / "home"))

    def command(*arguments: str) -> Any:
        said = say(*arguments, "--json")
        assert said.err == ""
        return json.loads(said.out)

    return command


def test_training_tells_how_bounds_of_prices_did(made: Made) -> None:
    told = made.told["interval"]
    assert 0.85 < told["interval_coverage"] < 0.95
    assert told["interval_town_coverage"] < told["interval_coverage"]
    assert told["interval_width"] > 0


@pytest.mark.usefixtures("run")
def test_training_without_keeping_houses(say: Say) -> None:
    said = say("train", "--model", "linear", "--no-neighbours")
    assert re.search(
        r"^interval 90 %: covers \d\d\.\d ± \d\.\d % out of fold, [\d.]+ wide; "
        r"\d\d\.\d % where towns are held out$",
        said.out,
        re.MULTILINE,
    )
    refused = say("train", "--no-neighbours", "many", code=2)
    assert "--no_neighbours takes no value" in refused.err


def test_a_misspelt_flag_is_found_before_anything_is_done(here: Settings) -> None:
    assert cli.main(["train", "--model", "linear", "--regster"]) == 2
    with connect(here) as client:
        assert len(client.search_runs(["1"])) == 1


def test_a_training_tells_what_came_of_it(made: Made) -> None:
    assert made.told["version"] == "1"
    assert made.told["params"] == {"alpha": 2}
    assert made.told["metrics"]["cv_rmse"] > 0


def test_a_run_becomes_a_version_once(made: Made, trained: Trained, run: Run) -> None:
    again = {"run_id": made.told["run_id"], "version": "1", "created": False}
    assert run("register", made.told["run_id"]) == again
    other = {"run_id": trained.run_id, "version": "2", "created": True}
    assert run("register", trained.run_id) == other
    assert [line["version"] for line in run("runs")] == ["1", "2"]
    assert len(run("runs", "--limit", "1")) == 1


def test_the_alias_moves_from_version_to_version(trained: Trained, run: Run) -> None:
    run("register", trained.run_id)
    first = run("promote", "2")
    assert (first["alias"], first["previous_version"], first["version"]) == (
        "production",
        None,
        "2",
    )
    second = run("promote", "--version", "1")
    assert (second["previous_version"], second["version"]) == ("2", "1")
    assert first["gate"]["verdict"] == second["gate"]["verdict"] == "PASS"
    versions = run("models")["versions"]
    aliases = [(each["version"], each["aliases"]) for each in versions]
    assert aliases == [("2", []), ("1", ["production"])]
    assert run("promote", "--list")["versions"] == versions
    assert run("seed")["version"] == "1"
    assert run("seed", "--data", "nowhere.csv")["version"] == "1"


def test_a_score_that_is_no_number_is_missing(run: Run, tmp_path: Path) -> None:
    uri = default_tracking_uri(tmp_path / "home")
    from mlflow import MlflowClient

    MlflowClient(uri, uri).set_model_version_tag(MODEL_NAME, "1", "rmse", "good")
    (version,) = run("models")["versions"]
    assert version["metrics"]["rmse"] is None


def test_elsewhere_than_at_a_terminal_there_are_plain_lines(
    here: Settings, trained: Trained, say: Say
) -> None:
    assert "has no version yet; make one with: housing-admin seed" in say("models").out
    assert say("register", trained.run_id).out.splitlines() == [
        f"Run {trained.run_id} is now version 1 of housing-price-model.",
        "To serve it: housing-admin promote 1",
    ]
    assert "\nproduction of housing-price-model: none -> 1\n" in say("promote", "1").out
    header, line, since = say("models").out.splitlines()
    assert header.split("\t")[:3] == ["version", "alias", "model"]
    assert line.split("\t")[:4] == ["1", "production", "linear", "v2_knn"]
    assert since.startswith("production names 1 since ")


def test_models_say_what_was_registered_by_whom_and_what_the_gate_said(
    here: Settings, trained: Trained, say: Say
) -> None:
    say("register", trained.run_id)
    (version,) = json.loads(say("models", "--json").out)["versions"]
    assert (version["data_file"], version["gate"]) == (DATA.name, None)
    assert version["registered_by"] == user()
    size = version["bundle_bytes"]
    with connect(here) as client:
        client.set_model_version_tag(MODEL_NAME, "1", "gate_verdict", "PASS")
        old = client.create_model_version(MODEL_NAME, "s3://nowhere/model")
        odd = {"gate_verdict": "\x1b[2J" * 99, "bundle_bytes": "1e9", "registered_by": "a\tb\nc"}
        client.create_model_version(MODEL_NAME, "s3://nowhere/model", tags=odd)
        assert int(old.version) == 2
    lines = say("models").out.splitlines()[1:]
    assert [len(line.split("\t")) for line in lines] == [11] * 3
    assert [line.split("\t")[6:9] for line in lines[1:]] == [
        ["-", "-", "-"],
        ["PASS", DATA.name, f"{size / 2**20:.2f}"],
    ]
    assert lines[2].split("\t")[9].endswith(f"Z {user()}")
    assert "\x1b" not in lines[0]
    assert "..." in lines[0]
    assert lines[0].split("\t")[9].endswith("Z a\\tb\\nc")
    third, _, first = json.loads(say("models", "--json").out)["versions"]
    assert (first["gate"], third["bundle_bytes"]) == ("PASS", None)
    with connect(here) as client:
        client.delete_model_version(MODEL_NAME, "3")
    terminal = Terminal("models", home=here.home, COLUMNS="80")
    assert terminal.end() == 0
    header, *shown = terminal.text.splitlines()[1:-1]
    assert header.split()[-4:] == ["gate", "data", "MiB", "registered"]
    assert max(map(len, shown)) <= 80


def test_moments_have_a_zone_and_runs_a_short_name(made: Made, run: Run, say: Say) -> None:
    (version,), lines = run("models")["versions"], run("runs")
    for moment in (version["created"], *(line["started"] for line in lines)):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment)
    (_, newest, _) = (line.split("\t") for line in say("runs").out.splitlines())
    assert newest[0] == made.told["run_id"][:8]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", newest[1])
    assert run("register", newest[0])["run_id"] == made.told["run_id"]


def test_a_promoted_version_without_a_bundle_is_no_seed(here: Settings, say: Say) -> None:
    with connect(here) as client:
        client.create_registered_model(MODEL_NAME)
        client.create_model_version(MODEL_NAME, source="file:///nowhere")
        client.set_registered_model_alias(MODEL_NAME, here.location.alias, "1")
    said = say("seed", "--model", "linear", code=4).err
    assert "version 1 of housing-price-model has no bundle, so no server could load it" in said


def test_an_experiment_is_compared(here: Settings, tmp_path: Path, say: Say) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(
        f"data: {DATA}\ncv: 2\npreprocessors: v1_median\nmodels: {{linear: {{alpha: [1, -1]}}}}\n"
    )
    out = say("experiment", "--config", str(file)).out.splitlines()
    assert out[0].startswith("cv_rmse\t")
    assert out[1].split("\t")[4:7] == ["linear", "v1_median", "alpha=1"]
    assert out[2].startswith("failed: linear x v1_median alpha=-1: linear: ")
    assert re.fullmatch(r"\d+\.\d{3}±\d+\.\d{3}", out[1].split("\t")[0])
    assert re.fullmatch(r"To register it: housing-admin register [0-9a-f]{32}", out[4])
    found = json.loads(say("experiment", "--config", str(file), "--json").out)
    assert [each["failure"] is None for each in found["combinations"]] == [True, False]
    assert found["best_run_id"] == found["combinations"][0]["run_id"]


def test_another_run_of_an_experiment_is_trained_again_as_it_says(
    here: Settings, tmp_path: Path, say: Say
) -> None:
    file = tmp_path / "grid.yaml"
    file.write_text(
        f"data: {DATA}\ncv: 2\nseed: 7\ntest_size: 0.3\n"
        "preprocessors: {v2_knn: {n_neighbors: 3}}\nmodels: {linear: {alpha: [0.5, 1000000]}}\n"
    )
    found = json.loads(say("experiment", "--config", str(file), "--json").out)
    best, other = found["combinations"]
    assert found["best_run_id"] == best["run_id"]
    refused = say("register", other["run_id"][:8], code=4).err
    command = refused.partition(" with: ")[2]
    program, *arguments = shlex.split(command)
    assert program == "housing-admin"
    trained = json.loads(say(*arguments, "--json").out)
    assert trained["version"] == "1"
    assert trained["metrics"] == other["metrics"]


def test_a_run_on_other_data_is_trained_again_as_it_says(
    here: Settings, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "town.csv"
    data.write_text("".join(DATA.read_text().splitlines(keepends=True)[:200]))
    file = tmp_path / "grid.yaml"
    file.write_text(
        f"data: {data}\ncv: 2\npreprocessors: v1_median\nmodels: {{linear: {{alpha: [1, 2]}}}}\n"
    )
    found = json.loads(say("experiment", "--config", str(file), "--json").out)
    refused = say("register", found["combinations"][1]["run_id"], code=4).err
    assert " with: housing-admin train --model linear " in refused
    assert f"--data {data} --target_unit 'thousands of USD'" in refused
    command = shlex.split(refused.partition(" with: ")[2])
    monkeypatch.chdir(tmp_path)
    again = say("register", found["combinations"][1]["run_id"], code=4).err
    assert " --data town.csv " in again
    trained = json.loads(say(*command[1:], "--json").out)
    assert trained["metrics"] == found["combinations"][1]["metrics"]
    data.write_text("changed")
    lost = say("register", found["combinations"][1]["run_id"], code=4).err
    assert "is not where it was; train and register the same model, once --data names" in lost
    assert " --data .../town.csv " in lost
    assert "as it trained nothing itself" in say("register", found["run_id"], code=4).err


@pytest.mark.parametrize(
    "wrong", [["--reload="], ["--reload", "http://x:1"], ["--reload", "--tls="]]
)
def test_a_promotion_waits_until_the_server_is_one_that_can_be_told(
    run: Run, say: Say, wrong: list[str]
) -> None:
    assert say("promote", "1", *wrong, code=2).err.startswith("error: ")
    (version,) = run("models")["versions"]
    assert not version["aliases"]
