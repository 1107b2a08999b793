"""Registries that are asked without MLflow: what they say, and when MLflow is needed after all."""

import base64
import errno
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.children import Children
from housing_grpc.model.source import Fetched, Target
from housing_grpc.registry import direct
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation
from housing_grpc.registry.mlflow_http import MlflowHttp
from housing_grpc.registry.mlflow_sqlite import SCHEMAS
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted
from housing_grpc.registry.registry_source import RegistrySource
from tests.registry.hostile_registry import DIGEST, Registry, answered, running, serve_bundle
from tests.support.certificates import Ca
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example

SECONDS = 60
WANTED = Wanted(name=MODEL_NAME, alias="production")
VERSION = RegisteredVersion(name=MODEL_NAME, version="2", digest_tag=DIGEST)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as registry:
        yield registry


def source_of(uri: str, cache: Path, seconds: float = SECONDS) -> RegistrySource:
    where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
    return RegistrySource(where, cache, seconds, children=Children())


def find(uri: str, wanted: Wanted = WANTED, **variables: Any) -> RegisteredVersion:
    found = direct.registry(uri, SECONDS, variables)
    assert found is not None
    return found.find(wanted)


def test_to_look_takes_no_process(
    registry: Registry, sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(subprocess, "Popen", fail)
    assert source_of(registry.uri, tmp_path).wanted() == "2"
    assert source_of(f"sqlite:///{sqlite}", tmp_path).wanted() == "2"


@pytest.fixture
def without_mlflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every process fail to import MLflow."""
    broken = tmp_path / "broken" / "mlflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))


@pytest.mark.usefixtures("without_mlflow")
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


@pytest.mark.parametrize(
    ("variables", "header", "expected"),
    [
        ({"MLFLOW_TRACKING_TOKEN": "t"}, "authorization", "Bearer t"),
        (
            {"MLFLOW_TRACKING_USERNAME": "ü", "MLFLOW_TRACKING_PASSWORD": "p:w"},
            "authorization",
            f"Basic {base64.b64encode('ü:p:w'.encode()).decode()}",
        ),
        ({"MLFLOW_WORKSPACE": "team"}, "x-mlflow-workspace", "team"),
        ({}, "accept-encoding", "identity"),
        ({}, "authorization", None),
    ],
)
def test_a_server_is_told_who_asks(
    registry: Registry, variables: dict[str, str], header: str, expected: str | None
) -> None:
    assert find(registry.uri, WANTED, **variables) == VERSION
    assert registry.heard[-1].get(header) == expected


def test_user_and_password_may_stand_in_the_address_or_in_mlflows_file(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(registry.uri.replace("//", "//user:pass%40word@"))
    expected = base64.b64encode(b"user:pass@word").decode()
    assert registry.heard[-1]["authorization"] == f"Basic {expected}"
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = user\nmlflow_tracking_password = pass%word\n"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    find(registry.uri)
    expected = base64.b64encode(b"user:pass%word").decode()
    assert registry.heard[-1]["authorization"] == f"Basic {expected}"


def test_a_server_with_a_certificate(registry: Registry, tmp_path: Path) -> None:
    pair = Ca(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    registry.socket = context.wrap_socket(registry.socket, server_side=True)
    uri = registry.uri.replace("http:", "https:")
    assert find(uri, MLFLOW_TRACKING_SERVER_CERT_PATH=str(tmp_path / "ca.pem")) == VERSION
    error = raised(ServingError, find, uri)
    assert (error.reason, error.message) == (
        Reason.REGISTRY_UNAVAILABLE, "the registry does not answer (SSLError)"
    )  # fmt: skip


ABSENT = json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "secret"}).encode()
HTML = b"<html>"
LARGE = json.dumps({"model_version": answered("x" * 2**22)}).encode()
DEEP = b'{"model_version": ' + b"[" * 100_000


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, {}, ABSENT), f"model '{MODEL_NAME}' has no alias 'production'; "),
        ((404, {}, HTML), "the registry does not answer (not as MLflow does)"),
        ((401, {}, HTML), "the registry does not answer (HTTP 401)"),
        ((500, {}, HTML), "the registry does not answer (HTTP 500)"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "the registry does not answer (HTTP 302"),
        ((200, {}, LARGE), "the registry does not answer (more than 4194304 bytes)"),
        ((200, {}, DEEP), "the registry does not answer (not as MLflow does)"),
        ((200, {"Content-Encoding": "gzip"}, b"{}"), "the registry does not answer (it packs "),
        ((200, {}, b"[]"), "the registry does not answer (not as MLflow does)"),
        ((200, {}, b"{}"), "the registry does not answer (not as MLflow does)"),
        ((404, {}, b'{"error_code": []}'), "the registry does not answer (HTTP 404)"),
        ((200, {}, b'{"model_version": 3}'), "the registry does not answer (not as MLflow does)"),
        ((200, {}, b'{"model_version": {"name": "x", "version": 2}}'), "the registry answers with"),
    ],
)
def test_what_a_server_may_answer(
    registry: Registry, answer: tuple[int, dict[str, str], bytes], message: str
) -> None:
    registry.answer = answer
    error = raised(ServingError, find, registry.uri)
    assert error.message.startswith(message)


@pytest.mark.parametrize("name", ["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4"])
def test_who_asks_may_be_proven_in_a_way_that_mlflow_alone_knows(name: str) -> None:
    assert direct.registry("http://127.0.0.1:1", SECONDS, {name: "true"}) is None


def test_databases_and_other_registries_are_left_to_mlflow(sqlite: Path) -> None:
    for uri in ("postgresql://user@127.0.0.1/mlflow", "databricks", str(sqlite.parent)):
        assert direct.registry(uri, SECONDS, {}) is None
    assert direct.registry(f"sqlite:///{sqlite}", SECONDS, {"MLFLOW_WORKSPACE": "x"}) is None


@pytest.fixture(scope="module")
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


def test_a_file_that_is_written_to_is_waited_for(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        found = direct.registry(f"sqlite:///{sqlite}", 0.1, {})
        writer.execute("COMMIT")
    # It could not be asked what it is.
    assert found is None
    assert find(f"sqlite:///{sqlite}") == VERSION


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
    assert direct.registry(f"sqlite:///{sqlite}", SECONDS, {}) is None


def test_a_table_that_never_ends(sqlite: Path) -> None:
    with closing(sqlite3.connect(sqlite)) as database, database:
        database.execute("DROP TABLE model_version_tags")
        database.execute(
            "CREATE VIEW model_version_tags AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL"
            " SELECT x + 1 FROM n) SELECT 'k' AS key, 'v' AS value, 'n' AS name, x AS version,"
            " 'default' AS workspace FROM n"
        )
    found = direct.registry(f"sqlite:///{sqlite}", 0.2, {})
    assert found is not None
    assert raised(ServingError, found.find, WANTED).reason is Reason.REGISTRY_UNAVAILABLE


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


def dripping() -> Iterator[bytes]:
    while True:
        time.sleep(0.02)
        yield b"x"


def test_what_is_fetched_has_its_time(
    registry: Registry, linear: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that nobody else ends it.
    monkeypatch.setattr(direct, "MLFLOW_SECONDS", 3600.0)
    cache = BundleCache(tmp_path)
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
    # With one to fall back on, as a first start may take its time.
    cache.remember(where, Fetched(folder=folder, version="1", digest=linear.digest))
    registry.content = lambda _: dripping()
    error = raised(ServingError, source_of(registry.uri, tmp_path, 2).fetch, Target())
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert "did not deliver within 2 s" in error.message


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


def test_an_answer_that_drips_ends_in_time(registry: Registry) -> None:
    registry.drips = True
    server = direct.registry(registry.uri, 0.5, {})
    assert server is not None
    error = raised(ServingError, server.find, WANTED)
    assert error.message == "the registry does not answer (an answer that does not end)"


@pytest.mark.parametrize(
    "variable",
    ["MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "MLFLOW_TRACKING_CLIENT_CERT_PATH"],
)
def test_a_file_for_tls_that_is_not_there(registry: Registry, variable: str) -> None:
    uri = registry.uri.replace("http:", "https:")
    error = raised(ServingError, find, uri, **{variable: "/nowhere/ca.pem"})
    assert error.message == "the registry does not answer (OSError)"


@pytest.mark.parametrize("exempt", ["", "127.0.0.0/8,x", "10.0.0.0/8"])
def test_loopback_goes_past_any_proxy(registry: Registry, exempt: str) -> None:
    found = find(registry.uri, http_proxy="http://127.0.0.1:1", no_proxy=exempt)
    assert found == VERSION


def test_others_go_by_the_proxy_unless_their_network_is_exempt(registry: Registry) -> None:
    """The registry stands in for a proxy: it answers whatever host is asked for."""
    other = "http://192.0.2.7:80"
    assert find(other, http_proxy=registry.uri) == VERSION
    assert registry.heard[-1]["host"] == "192.0.2.7:80"
    server = MlflowHttp(other, SECONDS, {"HTTP_PROXY": registry.uri, "NO_PROXY": "192.0.2.0/24"})
    assert server.proxies() == {}


def test_a_disk_that_fails_is_no_bad_bundle(
    sqlite: Path, linear: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(linear.folder, sqlite.parent / "artifacts" / "data" / "bundle")
    found = direct.registry(f"sqlite:///{sqlite}", SECONDS, {})
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


def test_a_place_that_leaves_the_store_is_refused(registry: Registry, tmp_path: Path) -> None:
    registry.artifact_uri = "mlflow-artifacts:/../../other"
    error = raised(ServingError, source_of(registry.uri, tmp_path).fetch, Target())
    assert error.reason is Reason.BUNDLE_UNSAFE
