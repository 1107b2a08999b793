"""`housing-admin gate` and `promote` with the fits on a real Dask cluster."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from admin.base.errors import UsageError
from admin.base.settings import Settings
from admin.data import dataset
from admin.gate import comparison, policy
from admin.training import out_of_fold_dask
from admin.training.pipeline import complete
from admin.training.spec import TrainingSpec
from tests.admin.gate.conftest import add
from tests.support.commands import Say
from tests.support.dask import Cluster
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

TREES = TrainingSpec(model="xgboost", params={"n_estimators": 30, "learning_rate": 0.2}, data=DATA)


def judged(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What each rule says, but how fast a bundle is, which differs from look to look."""
    return [rule for rule in found["rules"] if rule["rule"] != "speed"]


@pytest.fixture
def workers(dask: Cluster) -> str:
    """The address of a scheduler that has two."""
    for _ in range(2):
        dask.worker()
    dask.wait_for(2)
    return dask.address


@pytest.mark.integration
@pytest.mark.parametrize(
    ("model", "preprocessing"),
    [
        ("xgboost", "v2_knn"),
        ("gradient_boost", "v1_median"),
        ("random_forest", "v2_knn"),
        ("linear", "v3_iterative"),
    ],
)
def test_a_cluster_fits_to_the_numbers_of_this_process(
    workers: str, quick: Path, model: str, preprocessing: str
) -> None:
    params = {} if model == "linear" else {"n_estimators": 20}
    ours = complete(
        TrainingSpec(model=model, preprocessing=preprocessing, params=params, data=DATA)
    )
    houses, rules = dataset.load(DATA), policy.load(quick)
    here = comparison.compare(ours, complete(TREES), houses, rules)
    there = comparison.compare(
        ours, complete(TREES), houses, rules, fits=out_of_fold_dask.fits(workers)
    )
    for one, other in ((here.candidate, there.candidate), (here.champion, there.champion)):
        np.testing.assert_array_equal(one.squares, other.squares, strict=True)
        np.testing.assert_array_equal(one.covered, other.covered, strict=True)
        assert one.width == other.width


@pytest.mark.integration
def test_the_commands_say_the_same_on_a_cluster(
    first: Settings, client: "Client", say: Say, quick: Path, workers: str
) -> None:
    number = add(client, first, TREES)
    flags = ("--policy", quick, "--json")
    on_cluster = ("--backend", "dask", "--scheduler", workers)
    here = json.loads(say("gate", number, *flags).out)
    there = json.loads(say("gate", number, *flags, *on_cluster).out)
    assert there["inputs"] == here["inputs"]
    assert judged(there) == judged(here)
    worse = add(client, first, TrainingSpec(model="linear", params={"alpha": 1e6}, data=DATA))
    found = json.loads(say("promote", worse, *flags, *on_cluster, code=7).out)
    assert found["gate"]["verdict"] == "FAIL"
    found = json.loads(say("promote", number, *flags, *on_cluster).out)
    assert (found["version"], found["gate"]["verdict"]) == (str(number), "PASS")


@pytest.mark.integration
def test_a_cluster_without_workers_is_refused_and_nothing_is_promoted(
    first: Settings, client: "Client", say: Say, quick: Path, dask: Cluster
) -> None:
    number = add(client, first, TREES)
    flags = ("--policy", quick, "--backend", "dask", "--scheduler", dask.address)
    assert (
        "the cluster has no worker; start some with" in say("promote", number, *flags, code=2).err
    )
    versions = {version.number: version for version in client.versions(first.location.model_name)}
    assert first.location.alias in versions[1].aliases
    assert "gate_verdict" not in versions[number].tags


@pytest.mark.parametrize("command", ["gate", "promote"])
@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--backend", "ray"], "--backend: 'ray' is not right; give local or dask"),
        (["--backend", "dask"], "--backend dask needs --scheduler ADDRESS"),
        (["--scheduler", "tcp://h:1"], "--scheduler is for --backend dask"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    command: str, flags: list[str], complaint: str, say: Say
) -> None:
    assert complaint in say(command, 1, *flags, code=2).err


def test_without_dask_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"install it with: pip install 'housing-grpc\[dask\]'"):
        out_of_fold_dask.fits("tcp://127.0.0.1:1")
