"""Registries that are asked without MLflow, and when MLflow is needed after all."""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from housing_grpc.model.source import Target
from housing_grpc.registry import without_mlflow
from tests.registry.asking import SECONDS, source_of
from tests.registry.hostile_registry import Registry, serve_bundle
from tests.support.examples import Example


def test_to_look_takes_no_process(
    registry: Registry, sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(subprocess, "Popen", fail)
    assert source_of(registry.uri, tmp_path).wanted() == "2"
    assert source_of(f"sqlite:///{sqlite}", tmp_path).wanted() == "2"


@pytest.fixture
def no_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every process fail to import MLflow."""
    broken = tmp_path / "broken" / "mlflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


@pytest.mark.usefixtures("no_mlflow")
@pytest.mark.parametrize("kind", ["server", "sqlite"])
def test_a_bundle_is_fetched_without_mlflow(
    registry: Registry, linear: Example, sqlite: Path, kind: str
) -> None:
    serve_bundle(registry, linear.folder)
    shutil.copytree(linear.folder, sqlite.parent / "artifacts" / "data" / "bundle")
    with closing(sqlite3.connect(sqlite)) as database, database:
        database.execute("UPDATE model_version_tags SET value = ?", (linear.digest,))
    uri = registry.uri if kind == "server" else f"sqlite:///{sqlite}"
    fetched = source_of(uri, sqlite.parent / "bundles").fetch(Target())
    assert (fetched.version, fetched.digest) == ("2", linear.digest)


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"])
def test_who_asks_may_be_proven_in_a_way_that_mlflow_alone_knows(name: str) -> None:
    assert without_mlflow.registry("http://127.0.0.1:1", SECONDS, {name: "true"}) is None


def test_databases_and_other_registries_are_left_to_mlflow(sqlite: Path) -> None:
    for uri in ("postgresql://user@127.0.0.1/mlflow", "databricks", str(sqlite.parent)):
        assert without_mlflow.registry(uri, SECONDS, {}) is None
    workspace = {"MLFLOW_WORKSPACE": "x"}
    assert without_mlflow.registry(f"sqlite:///{sqlite}", SECONDS, workspace) is None
