"""A version whose bundle has an older format becomes one of the newest."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from admin import card, models
from admin.base.errors import RegistryError, UsageError
from admin.base.settings import Settings
from admin.jobs.train import train
from admin.jobs.upgrade import upgrade_version
from admin.tracking.promotion import promote
from admin.tracking.registry import register
from admin.tracking.tags import CARD_TAG, UPGRADED_TAG
from admin.training.spec import TrainingSpec
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model as bundle_model
from housing_grpc.bundle.model import Bundle
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from tests.support.commands import Say
from tests.support.examples import DATA, contents

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def folder_of(client: "Client", settings: Settings, number: int) -> Path:
    import mlflow

    return Path(
        mlflow.artifacts.download_artifacts(
            f"models:/{settings.location.model_name}/{number}/{BUNDLE_FOLDER}"
        )
    )


def bundle_of(client: "Client", settings: Settings, number: int) -> Bundle:
    return bundle_model.load(folder_of(client, settings, number))


@pytest.mark.parametrize(
    "model", ["linear", pytest.param("xgboost", marks=pytest.mark.integration)]
)
def test_a_version_of_format_1_becomes_one_of_format_2(
    bare_client: "Client", bare: Settings, model: str
) -> None:
    spec = TrainingSpec(model=model, data=DATA, bundle_format=1)
    run_id = train(bare_client, bare, spec).bundle.run_id
    register(bare_client, bare.location, run_id)
    made = upgrade_version(bare_client, bare, 1)
    assert (made.version, made.missing) == (2, "")
    older, newer = (bundle_of(bare_client, bare, number) for number in (1, 2))
    assert (older.metadata.format_version, newer.metadata.format_version) == (1, 2)
    assert newer.digest == made.digest
    assert newer.metadata.run_id == run_id
    second, first = bare_client.versions(bare.location.model_name)
    assert (first.data, second.data) == (DATA.name, DATA.name)
    assert 0 < (first.bytes or 0) < (second.bytes or 0)
    rows = np.random.default_rng(0).uniform(0, 10, (200, 13))
    rows[::3, ::2] = np.nan
    assert newer.predict(rows).tolist() == older.predict(rows).tolist()
    assert newer.metadata.interval is not None
    assessed = newer.assess(rows, newer.predict(rows))
    assert assessed is not None
    assert assessed.has_bounds
    assert newer.explainer is not None
    measured = bare_client.get_run(made.run_id).data.metrics
    assert measured["interval_coverage"] == newer.metadata.interval.coverage
    about = card.read(folder_of(bare_client, bare, 2))
    assert about is not None
    assert about.lineage.parent == older.digest
    assert measured["slice_rmse/all"] == about.slices[0].rmse
    plots = {file.path for file in bare_client.list_artifacts(made.run_id, "plots")}
    assert plots == {"plots/calibration.png", "plots/contributions.png"}
    latest, first = bare_client.versions(bare.location.model_name)
    assert (latest.model, latest.preprocessing) == (first.model, first.preprocessing)
    assert latest.rmse == first.rmse
    assert bare_client.get_run(made.run_id).data.tags[UPGRADED_TAG] == "1"
    assert promote(bare_client, bare.location, 2).version == 2
    with pytest.raises(UsageError, match="of format 2 already"):
        upgrade_version(bare_client, bare, 2)
    with pytest.raises(RegistryError, match="has no version 7"):
        upgrade_version(bare_client, bare, 7)


def test_a_version_from_before_cards_gets_one(bare_client: "Client", bare: Settings) -> None:
    done = train(bare_client, bare, TrainingSpec(model="linear", data=DATA))
    place = bare_client.get_logged_model(done.bundle.model_id).artifact_location
    folder = Path(place.removeprefix("file://")) / BUNDLE_FOLDER
    metadata, blobs = bundle_format.read(folder).metadata, contents(folder)
    shutil.rmtree(folder)
    del blobs["card.json"]
    older = bundle_format.write(folder, metadata, blobs)
    bare_client.set_tag(done.bundle.run_id, DIGEST_TAG, older)
    bare_client.delete_tag(done.bundle.run_id, CARD_TAG)
    register(bare_client, bare.location, done.bundle.run_id)
    described = bare_client.get_model_version(bare.location.model_name, "1").description or ""
    assert described.startswith("linear x v2_knn on HousingData.csv")
    made = upgrade_version(bare_client, bare, 1)
    about = card.read(folder_of(bare_client, bare, 2))
    assert about is not None
    assert (made.missing, about.lineage.parent) == ("", older)
    described = bare_client.get_model_version(bare.location.model_name, "2").description or ""
    assert described.startswith("# linear x v2_knn")
    assert f"made of the bundle `{older[:12]}`" in described


def trained_elsewhere(client: "Client", settings: Settings, data: Path) -> None:
    """Registers a version of format 1, whose data is gone then."""
    data.write_bytes(DATA.read_bytes() + b"\n")
    spec = TrainingSpec(model="linear", data=data, bundle_format=1)
    register(client, settings.location, train(client, settings, spec).bundle.run_id)
    data.unlink()


def test_without_the_data_it_says_what_is_missing_and_with_it_adds_that(
    bare_client: "Client", bare: Settings, tmp_path: Path
) -> None:
    data = tmp_path / "mine.csv"
    trained_elsewhere(bare_client, bare, data)
    made = upgrade_version(bare_client, bare, 1)
    assert made.version == 2
    assert made.missing.startswith("its data, mine.csv with the SHA-256 ")
    assert made.missing.endswith("name it: housing-admin upgrade 1 --data FILE")
    assert bundle_of(bare_client, bare, 2).metadata.interval is None
    with pytest.raises(UsageError, match="is of format 2 already, and gets no more: its data"):
        upgrade_version(bare_client, bare, 2)
    with pytest.raises(UsageError, match="is not what version 2 was trained on, whose SHA-256"):
        upgrade_version(bare_client, bare, 2, data=DATA)
    moved = tmp_path / "moved.csv"
    moved.write_bytes(DATA.read_bytes() + b"\n")
    made = upgrade_version(bare_client, bare, 2, data=moved)
    assert (made.version, made.missing) == (3, "")
    assert bundle_of(bare_client, bare, 3).metadata.interval is not None


def test_another_model_of_the_same_training_is_not_taken(
    bare_client: "Client", bare: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = TrainingSpec(model="linear", data=DATA, bundle_format=1)
    register(bare_client, bare.location, train(bare_client, bare, spec).bundle.run_id)
    found = models.get
    other = replace(found("linear"), build=lambda params, seed: Ridge(alpha=100.0))
    monkeypatch.setattr(models, "get", lambda name: other if name == "linear" else found(name))
    made = upgrade_version(bare_client, bare, 1)
    assert "a model of other prices; train it again: housing-admin train" in made.missing
    assert bundle_of(bare_client, bare, 2).metadata.interval is None


def test_the_command_says_what_is_missing(
    bare_client: "Client",
    bare: Settings,
    tmp_path: Path,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained_elsewhere(bare_client, bare, tmp_path / "mine.csv")
    monkeypatch.setenv("HOUSING_HOME", str(bare.home))
    said = say("upgrade", "1").out
    assert "Version 1 is now also version 2" in said
    assert "It does not say how sure its prices are, nor how unusual houses are: its data" in said


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["upgrade"], 2, "upgrade needs VERSION"),
        (["upgrade", "two"], 2, "VERSION"),
        (["train", "--bundle_format", "3"], 2, "--bundle_format"),
        (["train", "--bundle-format", "0"], 2, "--bundle_format"),
    ],
)
def test_what_is_wrong_is_named(say: Say, arguments: list[str], code: int, text: str) -> None:
    assert text in say(*arguments, code=code).err
