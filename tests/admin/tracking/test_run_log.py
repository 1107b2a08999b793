from typing import TYPE_CHECKING, NoReturn

import pytest

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking.connection import experiment_id
from admin.tracking.run_log import run
from tests.support.homes import Trained

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def test_a_run_says_what_was_set(client: "Client", trained: Trained) -> None:
    params = client.get_run(trained.run_id).data.params
    assert params == {
        "model": "linear",
        "preprocessing": "v2_knn",
        "preprocessing.n_neighbors": "10",
        "model.alpha": "0.0",
        "seed": "42",
        "cv_folds": "3",
        "test_size": "0.2",
    }


def test_a_run_says_how_good_it_is(client: "Client", trained: Trained) -> None:
    metrics = client.get_run(trained.run_id).data.metrics
    names = {"rmse", "mae", "r2", "mape"}
    spread = {f"cv_{name}{end}" for name in names for end in ("", "_std")}
    sure = {f"interval_{name}" for name in ("coverage", "town_coverage", "width", "winkler")}
    parts = ("all", "price_low", "price_middle", "price_high", "blanks", "chas_1", "rad_24")
    sliced = {f"slice_{figure}/{part}" for figure in ("rmse", "coverage") for part in parts}
    assert set(metrics) == names | spread | {f"cv_fold_{name}" for name in names} | sure | sliced
    folds = client.get_metric_history(trained.run_id, "cv_fold_rmse")
    assert [fold.step for fold in folds] == [1, 2, 3]
    assert sum(fold.value for fold in folds) / 3 == pytest.approx(metrics["cv_rmse"])


def test_a_run_says_which_data_and_code_it_is_of(client: "Client", trained: Trained) -> None:
    found = client.get_run(trained.run_id)
    tags = found.data.tags
    assert tags["data_file"] == "HousingData.csv"
    assert len(tags["data_digest"]) == 64
    assert tags["code_version"]
    assert found.inputs is not None
    [used] = found.inputs.dataset_inputs
    assert used.dataset.name == "HousingData.csv"
    assert tags["data_digest"].startswith(used.dataset.digest)


def test_a_run_has_pictures(client: "Client", trained: Trained) -> None:
    found = {file.path for file in client.list_artifacts(trained.run_id, "plots")}
    names = (
        "calibration", "contributions", "feature_importance", "predicted_vs_actual", "residuals"
    )  # fmt: skip
    assert found == {f"plots/{name}.png" for name in names}


def test_artifacts_lie_below_the_home(bare_client: "Client", bare: Settings) -> None:
    experiment = bare_client.get_experiment(experiment_id(bare_client, bare))
    assert experiment.artifact_location == (bare.home / "artifacts/housing-prices").as_uri()


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError(), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_run_that_breaks_off_says_so(
    bare_client: "Client", bare: Settings, error: BaseException, status: str
) -> None:
    experiment = experiment_id(bare_client, bare)
    seen = []

    def break_off() -> NoReturn:
        with run(bare_client, experiment, "name", home=bare.home) as run_id:
            seen.append(run_id)
            raise error

    with pytest.raises(type(error)):
        break_off()
    assert bare_client.get_run(seen[0]).info.status == status
    assert list((bare.home / "running").iterdir()) == []


def test_a_deleted_experiment_is_not_made_anew(bare_client: "Client", bare: Settings) -> None:
    bare_client.delete_experiment(experiment_id(bare_client, bare))
    with pytest.raises(RegistryError, match="has been deleted; restore it"):
        experiment_id(bare_client, bare)
