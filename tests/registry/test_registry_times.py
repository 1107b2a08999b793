"""How long a registry may take, whatever it does meanwhile."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.source import Fetched, Target
from housing_grpc.registry import without_mlflow
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from tests.registry.asking import VERSION, WANTED, find, source_of
from tests.registry.hostile_registry import Registry
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example


def test_a_question_ends_in_time_whatever_a_server_asks_for(
    registry: Registry, tmp_path: Path
) -> None:
    source = source_of(registry.uri, tmp_path)
    registry.answer = (503, {"Retry-After": "3600"}, b"")
    error = raised(ServingError, source.wanted)
    assert error.message == "the registry does not answer (HTTP 503)"
    # It was asked twice.
    assert len(registry.heard) == 2
    registry.answer = None
    assert source.wanted() == "2"


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 ",
        HEAD + b"X-Slow: ",
        HEAD + b"\r\n",
        CHUNKED + b"1;",
        CHUNKED + b"0\r\nX-Slow: ",
    ],
    ids=["status line", "head", "body", "chunk", "trailer"],
)
def test_an_answer_that_drips_ends_in_time(registry: Registry, begun: bytes) -> None:
    registry.drips = begun
    server = without_mlflow.registry(registry.uri, 0.5, {})
    assert server is not None
    error = raised(ServingError, server.find, WANTED)
    assert error.message == "the registry does not answer (not in time)"
    assert not registry.sent.is_set()


def test_a_file_that_is_written_to_is_waited_for(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        found = without_mlflow.registry(f"sqlite:///{sqlite}", 0.1, {})
        writer.execute("COMMIT")
    # It could not be asked what it is.
    assert found is None
    assert find(f"sqlite:///{sqlite}") == VERSION


def test_a_table_that_never_ends(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite)) as database, database:
        database.execute("DROP TABLE model_version_tags")
        database.execute(
            "CREATE VIEW model_version_tags AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL"
            " SELECT x + 1 FROM n) SELECT 'k' AS key, 'v' AS value, 'n' AS name, x AS version,"
            " 'default' AS workspace FROM n"
        )
    found = without_mlflow.registry(f"sqlite:///{sqlite}", 0.2, {})
    assert found is not None
    assert raised(ServingError, found.find, WANTED).reason is Reason.REGISTRY_UNAVAILABLE


def dripping() -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b"x"


def test_what_is_fetched_has_its_time(
    registry: Registry, linear: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that nobody else ends it.
    monkeypatch.setattr(without_mlflow, "MLFLOW_SECONDS", 3600.0)
    cache = BundleCache(tmp_path)
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
    # With one to fall back on, as a first start may take its time.
    cache.remember(where, Fetched(folder=folder, version="1", digest=linear.digest))
    registry.content = lambda _: dripping()
    error = raised(ServingError, source_of(registry.uri, tmp_path, 2).fetch, Target())
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert "did not deliver within 2 s" in error.message


SLOW = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "mlflow":
            sys.meta_path.remove(self)
            time.sleep({seconds})

sys.meta_path.insert(0, Slow())
"""


def test_what_mlflow_takes_to_start_is_not_the_registrys_time(
    sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW.format(seconds=20))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MLFLOW_WORKSPACE", "default")
    assert source_of(f"sqlite:///{sqlite}", tmp_path / "bundles", 15).wanted() == "2"
