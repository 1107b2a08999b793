"""A registry that answers what it likes: nothing of it becomes a path, a label or a version."""

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.registry.hostile_registry import DIGEST, Registry, answered, running
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as registry:
        yield registry


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a cache of one bundle and with what must never go."""
    (tmp_path / "mlflow.db").write_text("the registry's own")
    BundleCache(tmp_path / "bundles").path(DIGEST).mkdir(parents=True)
    return tmp_path


def refusal_of(registry: Registry, home: Path, target: Target) -> ServingError:
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    source = RegistrySource(where, home / "bundles", 60, children=Children())
    error = raised(ServingError, source.fetch, target)
    assert (home / "mlflow.db").is_file()
    assert (home / "bundles" / DIGEST).is_dir()
    return error


@pytest.mark.parametrize("tag", ["..", ".", "", "HOME", DIGEST.upper(), f"../bundles/{DIGEST}"])
def test_a_digest_that_is_a_path_deletes_nothing(registry: Registry, home: Path, tag: str) -> None:
    registry.version = answered(str(home) if tag == "HOME" else tag)
    error = refusal_of(registry, home, Target())
    assert (error.reason, error.message) == (
        Reason.BUNDLE_FORMAT,
        f"the tag {DIGEST_TAG} of version 2 is not a bundle digest of 64 hexadecimal digits",
    )


def test_a_version_that_does_not_say_its_digest_is_not_downloaded(
    registry: Registry, home: Path
) -> None:
    registry.version = answered(None)
    error = refusal_of(registry, home, Target())
    assert (error.reason, error.message) == (
        Reason.BUNDLE_FORMAT,
        (
            f"version 2 has no tag {DIGEST_TAG}, which says what its bundle must be;"
            " `housing-admin register RUN_ID` registers its run again"
        ),
    )


@pytest.mark.parametrize(
    ("changed", "target"),
    [
        ({"version": "7"}, Target(version="2")),
        ({"version": "../2"}, Target()),
        ({"version": "2\nlevel=ERROR"}, Target()),
        ({"version": ""}, Target()),
        ({"name": "another"}, Target()),
    ],
    ids=str,
)
def test_an_answer_about_something_else_is_not_served(
    registry: Registry, home: Path, changed: dict[str, str], target: Target
) -> None:
    registry.version = answered(DIGEST, **changed)
    error = refusal_of(registry, home, target)
    assert (error.reason, error.message) == (
        Reason.REGISTRY_UNAVAILABLE,
        "the registry answers with another version than it was asked for",
    )


@pytest.mark.parametrize(
    "place",
    [
        "http://{theirs}/api/2.0/mlflow-artifacts/artifacts/x",
        "mlflow-artifacts://{theirs}/x",
        # What connects ends a host's name at the backslash, and others at the slash.
        "http://{theirs}\\@{registry}/api/2.0/mlflow-artifacts/artifacts/x",
        "ftp://{theirs}/x",
        "abfss://fs@{theirs}\\@foo.dfs.core.windows.net/x",
        "wasbs://c@{theirs}\\@foo.blob.core.windows.net/x",
        # Asks as soon as it is built.
        "sftp://user@{theirs}/x",
    ],
)
def test_files_at_a_server_of_somebody_else_are_not_asked_for(
    registry: Registry, home: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "server")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret of the registry")
    registry.version = answered("cd" * 32)
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        registry.artifact_uri = place.format(
            theirs=f"127.0.0.1:{theirs.getsockname()[1]}",
            registry=registry.uri.removeprefix("http://"),
        )
        error = refusal_of(registry, home, Target())
        assert select.select([theirs], [], [], 0)[0] == []
    assert (error.reason, error.message) == (
        Reason.BUNDLE_UNSAFE,
        (
            "the registry names a place for files that is neither the registry itself, nor a"
            " folder, nor a store at S3, Google or Azure"
        ),
    )
