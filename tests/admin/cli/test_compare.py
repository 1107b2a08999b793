"""`housing-admin compare` on a real registry: what differs between two versions."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from admin.base.settings import Settings
from admin.jobs.train import train
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from admin.training.spec import TrainingSpec
from housing_grpc.bundle.schema import FEATURE_NAMES
from tests.admin.terminal.fake_terminal import Terminal
from tests.support.commands import Say
from tests.support.examples import DATA, MODEL_NAME
from tests.support.homes import Trained

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

PARTS = ["all", "prices", "prices", "prices", "a", "CHAS", "RAD"]


@pytest.fixture
def two(here: Settings, client: "Client", trained: Trained, tmp_path: Path) -> Settings:
    """Version 1, a linear model with three folds, is promoted; 2 is of other data, without."""
    register(client, here.location, trained.run_id)
    promote(client, here.location, 1)
    own = tmp_path / "own.csv"
    own.write_text("".join(DATA.read_text().splitlines(keepends=True)[:300]))
    spec = TrainingSpec(model="linear", params={"alpha": 2.0}, data=own, bundle_format=1)
    register(client, here.location, train(client, here, spec).bundle.run_id)
    return here


@pytest.fixture
def told(say: Say) -> Callable[..., Any]:
    return lambda *arguments: json.loads(say("compare", *arguments, "--json").out)


@pytest.mark.usefixtures("two")
def test_what_differs_is_shown(told: Callable[..., Any], say: Say, tmp_path: Path) -> None:
    found = told("1", "2")
    assert list(found) == ["a", "b", "scores", "parameters", "slices", "prices", "missing"]
    one, other = found["a"], found["b"]
    assert (one["version"], one["aliases"], one["data"]["rows"]) == ("1", ["production"], 506)
    assert (other["data"]["file"], other["data"]["rows"]) == ("own.csv", 299)
    assert one["data"]["digest"] != other["data"]["digest"]
    assert 0.8 < one["interval"]["coverage"] < 1
    assert other["interval"] is None
    scores = {each["name"]: each for each in found["scores"]}
    assert scores["cv_rmse"]["a"]["std"] > 0
    assert scores["cv_rmse"]["b"] == {"value": None, "std": None}
    assert scores["rmse"]["b"]["value"] > 0
    assert {"name": "model.alpha", "a": 0.0, "b": 2.0} in found["parameters"]
    assert "seed" not in [each["name"] for each in found["parameters"]]
    assert found["slices"]["data"] == other["data"]
    assert found["slices"]["fitted"] == ["2"]
    assert found["prices"]["changes"][0]["house"].keys() <= set(FEATURE_NAMES)
    largest = found["prices"]["changes"][0]
    assert abs(largest["b"] - largest["a"]) == pytest.approx(found["prices"]["largest_change"])
    out = say("compare", "1", "2").out
    assert "Version 2 was fitted to these houses, the other one to another file" in out
    assert "more than chance: housing-admin gate 2, which trains both anew." in out
    (tmp_path / "own.csv").unlink()
    assert told("1", "2")["slices"]["fitted"] == ["1"]


@pytest.mark.usefixtures("two")
def test_parts_of_the_houses_are_those_of_the_gate(
    told: Callable[..., Any], say: Say, tmp_path: Path
) -> None:
    found = told("2", "1", "--data", str(DATA))
    parts = found["slices"]["parts"]
    assert [part["name"].split()[0] for part in parts] == PARTS
    assert parts[0]["rows"] == 506 == sum(part["rows"] for part in parts[1:4])
    swapped = told("1", "2", "--data", str(DATA))["slices"]["parts"]
    assert [(part["a"], part["b"]) for part in swapped] == [(p["b"], p["a"]) for p in parts]
    other = tmp_path / "other.csv"
    other.write_text("".join(DATA.read_text().splitlines(keepends=True)[:100]))
    assert told("1", "2", "--data", str(other))["slices"]["fitted"] == []
    out = say("compare", "1", "2", "--data", other).out
    assert "Neither was fitted to this file" in out


def test_tables_fit_the_terminal(two: Settings) -> None:
    terminal = Terminal("compare", "1", "2", home=two.home, COLUMNS="80")
    assert terminal.end() == 0
    assert "Prices that differ most" in terminal.text
    # The bar of progress comes before.
    shown = terminal.text[terminal.text.rindex("what ") :]
    tables = shown.partition("Whether a difference")[0].splitlines()
    sentences = ("Version 2 was fitted", "Prices of")
    assert max(len(line) for line in tables if not line.startswith(sentences)) <= 80


def test_prices_in_other_units_are_not_compared(
    two: Settings, client: "Client", told: Callable[..., Any], say: Say
) -> None:
    spec = TrainingSpec(model="linear", data=DATA, bundle_format=1, target_unit="kilodollars")
    number = register(client, two.location, train(client, two, spec).bundle.run_id).version
    found = told("1", str(number))
    assert (found["slices"], found["prices"]) == (None, None)
    assert "version 3 in kilodollars" in found["missing"]
    assert "No prices: version 1 prices in thousands of USD" in say("compare", "1", number).out


@pytest.mark.usefixtures("two")
def test_what_cannot_be_compared_is_refused(client: "Client", say: Say, two: Settings) -> None:
    assert "A and B are both 2; give two versions" in say("compare", "2", "2", code=2).err
    assert "compare needs B" in say("compare", "2", code=2).err
    assert "B: 'two' is not right" in say("compare", "1", "two", code=2).err
    assert f"{MODEL_NAME} has no version 7; it has: 1, 2" in say("compare", "7", "1", code=4).err
    client.create_model_version(MODEL_NAME, "s3://nowhere/model")
    said = say("compare", "1", "3", code=4).err
    assert "version 3 of housing-price-model has no bundle, so there is nothing to compare" in said
