from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from admin.base.errors import UsageError
from admin.base.settings import Settings
from admin.jobs import experiment
from admin.jobs.experiment import Compared
from admin.tracking.connection import experiment_id
from admin.tracking.registry import register
from admin.tracking.tags import MODEL_ID_TAG
from admin.training import experiment_backends, uncertainty
from admin.training.experiment_config import ExperimentConfig
from admin.training.spec import TrainingSpec
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def config(alphas: Sequence[float]) -> ExperimentConfig:
    specs = [
        TrainingSpec(model="linear", params={"alpha": alpha}, data=DATA, cv=2) for alpha in alphas
    ]
    return ExperimentConfig(name="grid", specs=tuple(specs))


def alphas_of(found: Compared) -> list[float]:
    return [line.spec.params["alpha"] for line in found.lines]


def test_combinations_are_compared_and_the_best_can_be_registered(
    bare_client: "Client", bare: Settings
) -> None:
    said: list[str] = []
    found = experiment.run(
        bare_client, bare, config([1e6, 1.0, -1.0, 1e4]), experiment_backends.in_turn, said.append
    )
    assert alphas_of(found) == [1.0, 1e4, 1e6, -1.0]
    scores = [line.cv_rmse for line in found.lines]
    assert scores == sorted(scores)
    assert "alpha" in found.lines[-1].reason
    each = [f"linear x v2_knn alpha={alpha}" for alpha in (1e6, 1.0, -1.0, 1e4)]
    best = "the best, linear x v2_knn alpha=1.0"
    assert said[:4] == each
    assert said[4] == f"{best}: fit to every row"
    assert said[5:-2] == [
        f"{best}: houses held out, fit {fit} of 30" for fit in range(1, 31, 30 // uncertainty.STEPS)
    ]
    assert said[-2:] == [f"{best}: {what}" for what in ("export and compare", "log")]

    assert bare_client.versions(bare.location.model_name) == []
    assert register(bare_client, bare.location, found.lines[0].run_id).version == 1


def test_each_combination_is_a_run_below_that_of_the_experiment(
    bare_client: "Client", bare: Settings
) -> None:
    found = experiment.run(bare_client, bare, config([1.0, -1.0]), experiment_backends.in_turn)
    runs = {
        run.info.run_id: run for run in bare_client.search_runs([experiment_id(bare_client, bare)])
    }
    best, failed = (runs[line.run_id] for line in found.lines)
    parent = runs[found.run_id]
    assert len(runs) == 3
    assert best.data.tags["mlflow.parentRunId"] == found.run_id
    assert (best.info.status, failed.info.status) == ("FINISHED", "FAILED")
    assert MODEL_ID_TAG in best.data.tags
    assert best.data.metrics["cv_rmse"] == parent.data.metrics["best_cv_rmse"]
    assert "alpha" in failed.data.tags["failure"]
    assert parent.data.tags["best_run_id"] == best.info.run_id


def test_processes_give_the_same_numbers(bare_client: "Client", bare: Settings) -> None:
    wanted = config([1.0, -1.0])
    alone = experiment.run(bare_client, bare, wanted, experiment_backends.in_turn)
    both = experiment.run(bare_client, bare, wanted, experiment_backends.processes(2))
    assert alphas_of(alone) == alphas_of(both)
    assert [line.cv_rmse for line in alone.lines] == [line.cv_rmse for line in both.lines]
    assert [line.reason for line in alone.lines] == [line.reason for line in both.lines]


def test_an_experiment_in_which_all_fail_fails(bare_client: "Client", bare: Settings) -> None:
    with pytest.raises(UsageError, match="every combination failed; the first because: linear"):
        experiment.run(bare_client, bare, config([-1.0, -2.0]), experiment_backends.in_turn)
    runs = bare_client.search_runs([experiment_id(bare_client, bare)])
    assert {run.info.status for run in runs} == {"FAILED"}
    assert len(runs) == 3
