"""Which model is live, and how reloads ended."""

import re
import shutil
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason
from housing_grpc.bundle.errors import BundleError
from housing_grpc.metrics.model import CHANGED, RELOAD_RESULTS, UNCHANGED, ModelMetrics
from housing_grpc.model import child_processes
from housing_grpc.model.folder_source import FolderSource
from housing_grpc.model.rolled_back import Cause
from housing_grpc.model.source import Target
from housing_grpc.model.trial import Trial
from tests.support.examples import EVALUATOR, Example
from tests.support.model_manager import ModelManager


def test_nothing_is_told_of_a_model_before_there_is_one() -> None:
    state = ModelMetrics().state()
    assert state == {
        "housing_model_reloads_total": {(str(result),): [0.0] for result in RELOAD_RESULTS},
        "housing_model_rollbacks_total": {("request",): [0.0], ("automatic",): [0.0]},
    }


def test_the_model_that_went_live_last_is_the_one_that_is_told(
    linear: Example, forest: Example, tmp_path: Path
) -> None:
    metrics = ModelMetrics()
    folder = shutil.copytree(linear.folder, tmp_path / "live")
    manager = ModelManager(
        FolderSource(folder), trial=Trial(child_processes.Children()), on_live=[metrics.on_live]
    )
    manager.start()
    shutil.rmtree(folder)
    shutil.copytree(forest.folder, folder)
    reloaded = manager.reload(Target())
    state = metrics.state()
    name = "housing-price-model"
    labels = (name, forest.version, forest.digest, "random_forest", "v2_knn", EVALUATOR)
    assert state["housing_model_info"] == {labels: [1]}
    assert state["housing_model_generation"] == {(): [2]}
    assert state["housing_model_stale"] == {(): [0]}
    loaded = reloaded.live.facts.loaded_at.timestamp()
    assert state["housing_model_loaded_timestamp_seconds"] == {(): [loaded]}
    assert state["model_load_time_seconds"] == {(): [reloaded.live.facts.load_seconds]}


@pytest.mark.parametrize("result", [CHANGED, UNCHANGED, Reason.SELF_TEST, "SOMETHING_NEW"])
def test_reloads_are_counted_by_how_they_ended(result: str) -> None:
    metrics = ModelMetrics()
    metrics.reload_ended(result)
    metrics.reload_ended(result)
    found = metrics.state()["housing_model_reloads_total"]
    assert found.pop((str(result),)) == [2]
    assert set(map(tuple, found.values())) == {(0.0,)}


@pytest.mark.parametrize("cause", Cause)
def test_rollbacks_are_counted_by_cause(cause: Cause) -> None:
    metrics = ModelMetrics()
    metrics.rolled_back(cause)
    found = metrics.state()["housing_model_rollbacks_total"]
    assert found.pop((str(cause),)) == [1]
    assert set(map(tuple, found.values())) == {(0.0,)}


# What a reload passes through, from the source of bundles to all workers.
OF_RELOADS = (
    "model/*.py", "serving/model_supply.py",
    "registry/*.py", "workers/*.py",
)  # fmt: skip


def test_whatever_can_end_a_reload_counts_from_zero_on() -> None:
    package = Path(child_processes.__file__).parents[1]
    code = "".join(file.read_text() for names in OF_RELOADS for file in package.glob(names))
    named = set(re.findall(r"\bReason\.([A-Z_]+)", code))
    kinds: list[type[BundleError]] = [BundleError, *BundleError.__subclasses__()]
    bundles = {kind.reason for kind in kinds}
    assert {"REGISTRY_UNAVAILABLE", "SERVER_STOPPING"} <= named
    assert {"BUNDLE_SIGNATURE", "MODEL_OUTPUT_INVALID"} <= bundles
    # That is how a rollback alone can end.
    assert (named - {"NO_PREVIOUS_MODEL", "NO_CHALLENGER"}) | bundles <= set(RELOAD_RESULTS)
