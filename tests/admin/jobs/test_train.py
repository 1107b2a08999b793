from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from admin import card
from admin.base.errors import DataError, RegistryError, UsageError
from admin.base.settings import Settings
from admin.data.dataset import load_features
from admin.jobs.train import Trained, steps, train
from admin.tracking.connection import connect, experiment_id
from admin.tracking.registry import register
from admin.training.spec import TrainingSpec, default_data
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import model as bundle_model
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

SMALL: Mapping[str, Any] = {"n_estimators": 5, "max_depth": 3}


def spec(**changes: Any) -> TrainingSpec:
    return TrainingSpec(**{"model": "random_forest", "params": SMALL, "data": DATA, **changes})


def bundle_of(client: "Client", done: Trained) -> Path:
    model = client.get_logged_model(done.bundle.model_id)
    return Path(model.artifact_location.removeprefix("file://")) / BUNDLE_FOLDER


def test_the_same_training_gives_the_same_numbers(bare_client: "Client", bare: Settings) -> None:
    first, again = (train(bare_client, bare, spec(cv=2)) for _ in range(2))
    other = train(bare_client, bare, spec(cv=2, seed=1))
    assert first.evaluation.metrics == again.evaluation.metrics
    assert first.evaluation.metrics != other.evaluation.metrics
    models = [
        bundle_format.read(bundle_of(bare_client, done)).blobs["model.trees"]
        for done in (first, again)
    ]
    assert models[0] == models[1]


def test_the_bundle_is_whole_and_says_where_it_is_from(
    bare_client: "Client", bare: Settings
) -> None:
    done = train(bare_client, bare, spec(cv=2, preprocessing="v2_knn"))
    folder = bundle_of(bare_client, done)
    assert {file.name for file in folder.iterdir()} == {
        "card.json",
        "metadata.json",
        "preprocessor.json",
        "model.onnx",
        "model.trees",
        "covers.bin",
        "interval.bin",
        "neighbours.bin",
        "scale.trees",
    }
    bundle = bundle_model.load(folder)
    about = bundle.metadata
    assert bundle.digest == done.bundle.digest
    assert about.run_id == done.bundle.run_id
    assert (about.model_type, about.preprocessing) == ("random_forest", "v2_knn")
    assert about.params["model.n_estimators"] == 5
    assert about.metrics == done.evaluation.metrics
    assert "cv_rmse" in about.metrics
    assert done.bundle.largest_gap < 1e-4
    intervals, run = done.bundle.intervals, bare_client.get_run(done.bundle.run_id).data
    assert intervals is not None
    assert about.interval is not None
    assert about.interval.coverage == intervals.coverage == run.metrics["interval_coverage"]
    assert about.interval.town_coverage == run.metrics["interval_town_coverage"]
    assert run.metrics["interval_width"] == intervals.width
    assert bundle.parts.applicability is not None
    assert bundle.parts.applicability.method == "nearest neighbour"


def test_the_card_says_what_was_trained_on_what_and_how_well(
    bare_client: "Client", bare: Settings
) -> None:
    done = train(bare_client, bare, spec(cv=2))
    found = card.read(bundle_of(bare_client, done))
    assert found is not None
    assert found.recipe.command == (
        "housing-admin train --model random_forest --preprocessor v2_knn --params"
        f" {found.recipe.command.partition('--params ')[2]}"
    )
    assert "n_estimators=5" in found.recipe.command
    assert found.recipe.command.endswith(" --seed 42 --test_size 0.2 --cv 2 --register")
    assert (found.recipe.model, found.recipe.seed) == ("random_forest", 42)
    scores = {(each.name, each.houses): each for each in found.scores}
    metrics = done.evaluation.metrics
    assert scores["rmse", "held out"].value == metrics["rmse"]
    assert scores["rmse", "2 folds"].deviation == metrics["cv_rmse_std"]
    assert (found.data.rows, found.data.rows_with_blanks, found.data.accepted) == (506, 111, [])
    assert found.lineage.data_digest == found.data.digest == done.evaluation.data_digest
    assert (found.lineage.run_id, found.lineage.parent) == (done.bundle.run_id, None)
    intervals = done.bundle.intervals
    assert intervals is not None
    assert found.interval is not None
    assert found.interval.town_coverage == intervals.town_coverage
    whole, *parts = found.slices
    assert (whole.name, whole.rows, whole.coverage) == ("all", 506, intervals.coverage)
    assert whole.rmse == pytest.approx(np.sqrt((intervals.errors**2).mean()))
    assert [each.name for each in parts] == [
        "price_low", "price_middle", "price_high", "blanks", "chas_1", "rad_24",
    ]  # fmt: skip
    assert sum(each.rows for each in parts[:3]) == 506
    # Trees cannot guess beyond what they have seen: too high below, too low above.
    assert parts[0].bias > 0 > parts[2].bias


def test_a_run_shows_what_people_look_for(bare_client: "Client", bare: Settings) -> None:
    done = train(bare_client, bare, spec())
    files = bare_client.list_artifacts(done.bundle.run_id, "plots")
    assert {file.path for file in files} == {
        "plots/calibration.png",
        "plots/contributions.png",
        "plots/feature_importance.png",
        "plots/predicted_vs_actual.png",
        "plots/residuals.png",
    }
    metrics = bare_client.get_run(done.bundle.run_id).data.metrics
    found = card.read(bundle_of(bare_client, done))
    assert found is not None
    for each in found.slices:
        assert metrics[f"slice_rmse/{each.name}"] == each.rmse
        assert metrics[f"slice_coverage/{each.name}"] == each.coverage


def test_a_bundle_without_houses(bare_client: "Client", bare: Settings) -> None:
    done = train(bare_client, bare, spec(neighbours=False))
    known = bundle_model.load(bundle_of(bare_client, done)).parts.applicability
    assert known is not None
    assert (known.method, known.points) == ("copula", 1)
    assert bare_client.get_run(done.bundle.run_id).data.params["no_neighbours"] == "True"


def test_a_bundle_of_format_1_has_no_parts(bare_client: "Client", bare: Settings) -> None:
    done = train(bare_client, bare, spec(bundle_format=1))
    assert done.bundle.intervals is None
    parts = bundle_model.load(bundle_of(bare_client, done)).parts
    assert (parts.interval, parts.applicability, parts.explanation) == (None, None, None)
    assert card.read(bundle_of(bare_client, done)) is None


def test_what_was_accepted_is_recorded(
    bare_client: "Client", bare: Settings, tmp_path: Path
) -> None:
    odd = tmp_path / "houses.csv"
    odd.write_text(DATA.read_text().replace(",7.185,", ",7185,", 1))
    with pytest.raises(DataError, match=r"RM .* 7185 in line 4; .*--accept RM "):
        train(bare_client, bare, spec(data=odd))
    done = train(bare_client, bare, spec(data=odd, accept=("RM",)))
    run = bare_client.get_run(done.bundle.run_id).data
    assert run.params["accept"] == "RM"
    assert run.tags["data_accepted"].startswith("RM is an average number of rooms, 1 to 20, but")
    folder = bundle_of(bare_client, done)
    assert bundle_model.load(folder).metadata.params["accept"] == "RM"
    about = card.read(folder)
    assert about is not None
    assert about.data.accepted == run.tags["data_accepted"].splitlines()
    # Where the file was is left out.
    assert f"--accept RM --data {odd.name} --target_unit" in about.recipe.command
    made = register(bare_client, bare.location, done.bundle.run_id)
    version = bare_client.get_model_version(bare.location.model_name, str(made.version))
    assert f"Trained although {run.tags['data_accepted']}" in (version.description or "")


def test_the_bundle_is_fitted_to_every_row(bare_client: "Client", bare: Settings) -> None:
    from admin.training.evaluate import load_data
    from admin.training.pipeline import complete, pipeline_of

    whole = complete(spec())
    dataset = load_data(whole)
    done = train(bare_client, bare, spec())
    expected = pipeline_of(whole).fit(dataset.features, dataset.target)
    rows, _ = load_features(DATA)
    prices = bundle_model.load(bundle_of(bare_client, done)).predict(rows.to_numpy())
    assert prices == pytest.approx(expected.predict(rows), abs=1e-4)


def test_it_announces_as_many_steps_as_it_says(bare_client: "Client", bare: Settings) -> None:
    said: list[str] = []
    train(bare_client, bare, spec(cv=2), step=said.append)
    assert len(said) == steps(spec(cv=2))
    assert said[:3] == ["hold-out", "fold 1 of 2", "fold 2 of 2"]


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"model": "forest"}, UsageError),
        ({"preprocessing": "v4"}, UsageError),
        ({"params": {"depth": 3}}, UsageError),
        ({"params": {"max_depth": -3}}, UsageError),
        ({"data": Path("nowhere.csv")}, DataError),
        ({"cv": 10_000}, UsageError),
        ({"test_size": 2.0}, UsageError),
    ],
)
def test_what_cannot_be_trained_leaves_no_run(
    bare_client: "Client", bare: Settings, wrong: dict[str, Any], kind: type[Exception]
) -> None:
    experiment = experiment_id(bare_client, bare)
    with pytest.raises(kind):
        train(bare_client, bare, spec(**wrong))
    assert not bare_client.search_runs([experiment])


def test_a_run_whose_artifacts_cannot_be_stored_is_failed_and_not_registered(
    bare: Settings,
) -> None:
    (bare.home / "artifacts").touch()
    with pytest.raises(RegistryError, match="artifacts"), connect(bare) as client:
        train(client, bare, spec())
    with connect(bare) as client:
        [run] = client.search_runs([experiment_id(client, bare)])
        assert run.info.status == "FAILED"
        assert DIGEST_TAG not in run.data.tags
        with pytest.raises(RegistryError, match="is FAILED, not FINISHED"):
            register(client, bare.location, run.info.run_id)


def test_the_shipped_data_is_found_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_data() == DATA
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "HousingData.csv").touch()
    assert default_data() == Path("data/HousingData.csv")
