"""Registries: a server that answers what it likes, and a file as MLflow makes it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from housing_grpc.registry.location import DIGEST_TAG
from tests.registry.hostile_registry import DIGEST, Registry, running
from tests.support.examples import MODEL_NAME


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A server that has version 2 under the alias."""
    with running() as registry:
        yield registry


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry in a file as MLflow makes it, with three versions, of which 2 is promoted."""
    from admin.base import mlflow_environment

    mlflow_environment.configure()
    from mlflow import MlflowClient

    folder = tmp_path_factory.mktemp("sqlite")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    client = MlflowClient(uri, uri)
    client.create_registered_model(MODEL_NAME)
    for _ in range(3):
        client.create_model_version(MODEL_NAME, str(folder), tags={DIGEST_TAG: DIGEST, "a": "b"})
    client.set_registered_model_alias(MODEL_NAME, "production", "2")
    client.delete_model_version(MODEL_NAME, "3")
    return folder / "mlflow.db"


@pytest.fixture
def sqlite(filled: Path, tmp_path: Path) -> Path:
    """A copy of it, whose versions have their files in a folder beside."""
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as copy:
        with closing(sqlite3.connect(filled)) as source:
            source.backup(copy)
        with copy:
            copy.execute(
                "UPDATE model_versions SET storage_location = ?", (f"{tmp_path}/artifacts",)
            )
    return tmp_path / "mlflow.db"
