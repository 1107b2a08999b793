"""A registry in an SQLite file that is read without MLflow."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.registry import without_mlflow
from housing_grpc.registry.registered_version import Wanted
from housing_grpc.registry.sqlite_file import SCHEMAS
from tests.registry.asking import SECONDS, VERSION, find
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example


def test_the_tables_are_those_of_the_release_that_is_installed(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite)) as database:
        (found,) = database.execute("SELECT version_num FROM alembic_version").fetchone()
    assert found in SCHEMAS


def test_what_is_in_a_file(sqlite: Path) -> None:
    uri = f"sqlite:///{sqlite}"
    assert find(uri) == VERSION
    first = Wanted(name=MODEL_NAME, alias="production", version="1")
    assert find(uri, first).version == "1"
    for missing in (
        Wanted(name=MODEL_NAME, alias="other"),
        Wanted(name="other", alias="production"),
        Wanted(name=MODEL_NAME, alias="production", version="3"),
        Wanted(name=MODEL_NAME, alias="production", version="1 OR 1"),
    ):
        assert raised(ServingError, find, uri, missing).reason is Reason.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    "spoil",
    [
        lambda database: database.execute("UPDATE alembic_version SET version_num = 'newer'"),
        lambda database: database.execute("DROP TABLE alembic_version"),
        lambda database: database.execute("INSERT INTO alembic_version VALUES ('second')"),
    ],
    ids=["newer", "none", "two"],
)
def test_tables_of_another_release_are_left_to_mlflow(
    sqlite: Path, spoil: Callable[[sqlite3.Connection], Any]
) -> None:
    with closing(sqlite3.connect(sqlite)) as database, database:
        spoil(database)
    assert without_mlflow.registry(f"sqlite:///{sqlite}", SECONDS, {}) is None


def test_a_disk_that_fails_is_no_bad_bundle(
    sqlite: Path, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(linear.folder, sqlite.parent / "artifacts" / "data" / "bundle")
    found = without_mlflow.registry(f"sqlite:///{sqlite}", SECONDS, {})
    assert found is not None
    store = found.store(VERSION)
    assert store is not None

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "open", fail)
    error = raised(ServingError, store.save, "metadata.json", sqlite.parent / "copy", 2**20)
    assert error.message == "the artifact store does not answer (OSError)"
    monkeypatch.setattr(os, "scandir", fail)
    error = raised(ServingError, store.sizes, 2**20)
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
