"""Experiments on a Dask cluster: a real scheduler and real workers, each a process."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from admin.base.errors import UsageError
from admin.base.settings import Settings
from admin.jobs import experiment
from admin.training import experiment_backends
from admin.training.experiment_config import ExperimentConfig
from admin.training.experiment_dask import cluster
from admin.training.spec import TrainingSpec
from tests.admin.terminal.fake_terminal import admin
from tests.support.commands import Say
from tests.support.dask import Cluster
from tests.support.examples import DATA

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


def specs_of(*alphas: float) -> tuple[TrainingSpec, ...]:
    return tuple(
        TrainingSpec(model="linear", params={"alpha": alpha}, data=DATA, cv=2) for alpha in alphas
    )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Checks that an end comes before that of Dask, which by itself would try for 30 s or more."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < seconds


@pytest.mark.integration
def test_a_cluster_gives_the_numbers_of_this_process(
    dask: Cluster, bare_client: "Client", bare: Settings
) -> None:
    for _ in range(2):
        dask.worker()
    dask.wait_for(2)
    wanted = ExperimentConfig(name="grid", specs=specs_of(1e4, 0.0, -1.0))
    there = experiment.run(bare_client, bare, wanted, cluster(dask.address))
    here = experiment.run(bare_client, bare, wanted, experiment_backends.in_turn)
    assert [line.cv_rmse for line in there.lines] == [line.cv_rmse for line in here.lines]
    assert [line.spec for line in there.lines] == [line.spec for line in here.lines]
    assert [line.reason for line in there.lines] == [line.reason for line in here.lines]
    runs = [bare_client.get_run(each.lines[0].run_id).data for each in (there, here)]
    assert runs[0].params == runs[1].params
    assert runs[0].metrics == runs[1].metrics


@pytest.mark.integration
@pytest.mark.parametrize("most", ["one", "all"])
def test_workers_that_are_killed_do_not_lose_the_grid(dask: Cluster, most: str) -> None:
    workers = [dask.worker(), dask.worker()]
    dask.wait_for(2)
    specs = [
        TrainingSpec(model="random_forest", params={"n_estimators": 60}, data=DATA, cv=3, seed=n)
        for n in range(8)
    ]
    outcomes = cluster(dask.address)(specs)
    first = next(outcomes)
    for worker in workers if most == "all" else workers[:1]:
        worker.send_signal(signal.SIGKILL)
    if most == "all":
        dask.worker()
    found = [first, *outcomes]
    assert sorted(outcome.index for outcome in found) == list(range(len(specs)))
    assert [outcome.reason for outcome in found] == [""] * len(specs)


@pytest.mark.integration
def test_the_command_runs_on_a_cluster(dask: Cluster, bare: Settings, tmp_path: Path) -> None:
    dask.worker()
    dask.wait_for(1)
    config = tmp_path / "grid.yaml"
    config.write_text(f"data: {DATA}\ncv: 2\nmodels: [linear]\npreprocessors: [v1_median]\n")
    flags = ("--config", str(config), "--backend", "dask", "--scheduler", dask.address)
    done = admin(bare.home, "experiment", *flags)
    assert done.returncode == 0, done.stderr
    assert "The best is linear x v1_median" in done.stdout
    assert done.stderr == "grid: 1 combinations\n"


@pytest.mark.integration
def test_a_cluster_without_workers_is_refused_within_ten_seconds(dask: Cluster) -> None:
    with within(20), pytest.raises(UsageError, match="the cluster has no worker; start some"):
        list(cluster(dask.address)(specs_of(0.0)))


# Runs before all else in a worker: an editable installation would lend it the package.
WITHOUT_PACKAGE = """
import sys
sys.meta_path[:] = [each for each in sys.meta_path if "editable" not in repr(each)]
"""


@pytest.mark.integration
def test_a_worker_that_cannot_import_the_package_is_named(dask: Cluster, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_PACKAGE)
    dask.worker(path=str(tmp_path))
    dask.wait_for(1)
    with pytest.raises(
        UsageError,
        match=r"cannot import this package \(.*admin|has housing-grpc missing",
    ):
        list(cluster(dask.address)(specs_of(0.0)))


@pytest.mark.integration
def test_a_scheduler_that_is_not_there_is_refused_within_ten_seconds(distributed: Any) -> None:
    with within(12), pytest.raises(UsageError) as caught:
        list(cluster("tcp://127.0.0.1:1")(specs_of(0.0)))
    assert str(caught.value).startswith(
        "--scheduler tcp://127.0.0.1:1: no Dask scheduler answers there; start one with"
    )


@pytest.mark.parametrize("address", ["nonsense://x", "tcp://127.0.0.1:port"])
@pytest.mark.integration
def test_an_address_that_is_none_is_refused(distributed: Any, address: str) -> None:
    with within(12), pytest.raises(UsageError, match=f"--scheduler {address}: no Dask scheduler"):
        list(cluster(address)(specs_of(0.0)))


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--backend", "ray"], "--backend: 'ray' is not right; give local or dask"),
        (["--backend", "dask"], "--backend dask needs --scheduler ADDRESS"),
        (["--scheduler", "tcp://h:1"], "--scheduler is for --backend dask"),
        (["--backend", "dask", "--scheduler", "h:1", "--jobs", "2"], "--jobs is for this machine"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(
    flags: list[str], complaint: str, say: Say
) -> None:
    assert complaint in say("experiment", *flags, code=2).err


def test_without_dask_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"install it with: pip install 'housing-grpc\[dask\]'"):
        cluster("tcp://127.0.0.1:1")
