"""A server of an MLflow registry: which version it takes, and what it does without one."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from grpc import StatusCode

from housing_grpc.model.child_processes import Children
from housing_grpc.registry import location
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.support import homes
from tests.support.client import Client, failure, reason_of, refusal
from tests.support.examples import DATA, MODEL_NAME
from tests.support.registry_server import info, refused, reload, started

Connect = Callable[[int], Client]


@dataclass(frozen=True, kw_only=True)
class Registry:
    """A registry with two versions: 1 is linear, 2 is a random forest."""

    home: Path
    client: Any

    @property
    def uri(self) -> str:
        return location.default_tracking_uri(self.home)

    def promote(self, version: str) -> None:
        self.client.set_registered_model_alias(MODEL_NAME, "production", version)


@dataclass(frozen=True, kw_only=True)
class Live:
    """A client of a server, and the folder with the server's cache."""

    home: Path
    client: Client


@pytest.fixture(scope="module")
def registry(bare_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with homes.embedded(), ExitStack() as stack:
        from admin.jobs import train
        from admin.tracking import registry
        from admin.tracking.connection import connect
        from admin.training.spec import TrainingSpec

        home = tmp_path_factory.mktemp("registry") / "home"
        settings = homes.copy(bare_home, home)
        where = settings.location
        client = stack.enter_context(connect(settings))
        for model, params in (("linear", {}), ("random_forest", {"n_estimators": 5})):
            spec = TrainingSpec(model=model, params=params, data=DATA)
            run_id = train.train(client, settings, spec).bundle.run_id
            registry.register(client, where, run_id)
        yield Registry(home=home, client=client)


@pytest.fixture(scope="module")
def live(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server of the registry, which starts with version 1."""
    registry.promote("1")
    home = tmp_path_factory.mktemp("live")
    with ExitStack() as stack:
        yield Live(home=home, client=started(stack, registry.uri, home))


def test_the_alias_is_followed_and_a_version_can_be_named(live: Live, registry: Registry) -> None:
    first = info(live.client)
    assert (first.version, first.model_type, first.source) == ("1", "linear", "registry")
    assert (first.stale, first.generation) == (False, 1)
    registry.promote("2")
    moved = reload(live.client)
    assert (moved.previous_version, moved.version, moved.changed) == ("1", "2", True)
    second = info(live.client)
    assert (second.version, second.model_type, second.generation) == ("2", "random_forest", 2)
    tags = registry.client.get_model_version(MODEL_NAME, "2").tags
    assert second.bundle_digest == moved.bundle_digest == tags[DIGEST_TAG]
    back = reload(live.client, version="1")
    assert (back.version, back.changed, back.bundle_digest) == ("1", True, first.bundle_digest)


def test_the_version_that_the_alias_names_can_be_asked_alone(
    registry: Registry, tmp_path: Path
) -> None:
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    source = RegistrySource(where, tmp_path / "bundles", 60, children=Children())
    for version in ("2", "1"):
        registry.promote(version)
        assert source.wanted() == version
    assert not (tmp_path / "bundles").exists()


@pytest.mark.parametrize(
    ("target", "wanted"),
    [({"alias": "staging"}, "alias 'staging'"), ({"version": "999999999"}, "version 999999999")],
)
def test_what_is_not_there(live: Live, target: dict[str, str], wanted: str) -> None:
    before = info(live.client)
    assert failure(lambda: reload(live.client, **target)) == refusal(
        StatusCode.NOT_FOUND,
        "MODEL_NOT_FOUND",
        f"model '{MODEL_NAME}' has no {wanted}; `housing-admin models` lists what there is",
    )
    assert info(live.client) == before


def test_a_damaged_bundle_in_the_cache_is_fetched_again(live: Live) -> None:
    before = info(live.client)
    file = live.home / "bundles" / before.bundle_digest / "model.onnx"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert not reload(live.client, version=before.version).changed
    assert file.read_bytes() == whole


def test_a_bundle_that_is_not_the_registered_one(live: Live, registry: Registry) -> None:
    before = info(live.client)
    right = registry.client.get_model_version(MODEL_NAME, "2").tags[DIGEST_TAG]
    registry.client.set_model_version_tag(MODEL_NAME, "2", DIGEST_TAG, right[::-1])
    try:
        status = failure(lambda: reload(live.client, version="2"))
    finally:
        registry.client.set_model_version_tag(MODEL_NAME, "2", DIGEST_TAG, right)
    assert status == refusal(
        StatusCode.DATA_LOSS,
        "BUNDLE_CHECKSUM",
        "version 2: the bundle is not the one that was registered",
    )
    assert info(live.client) == before


def test_a_digest_that_is_a_path_deletes_no_folder(live: Live, registry: Registry) -> None:
    before = info(live.client)
    right = registry.client.get_model_version(MODEL_NAME, "2").tags[DIGEST_TAG]
    for tag in ("..", str(live.home)):
        registry.client.set_model_version_tag(MODEL_NAME, "2", DIGEST_TAG, tag)
        try:
            status = failure(lambda: reload(live.client, version="2"))
        finally:
            registry.client.set_model_version_tag(MODEL_NAME, "2", DIGEST_TAG, right)
        assert status == refusal(
            StatusCode.FAILED_PRECONDITION,
            "BUNDLE_FORMAT",
            f"the tag {DIGEST_TAG} of version 2 is not a bundle digest of 64 hexadecimal digits",
        )
    assert (live.home / "bundles" / before.bundle_digest).is_dir()
    assert info(live.client) == before


def test_a_cache_that_cannot_be_written(registry: Registry, tmp_path: Path) -> None:
    registry.promote("1")
    (tmp_path / "bundles").write_text("in the way")
    text = str(refused(registry.uri, tmp_path))
    assert text.startswith("no model to serve: the bundle cache cannot be used: ")
    assert str(tmp_path) not in text


def test_without_the_registry_the_last_known_bundle_serves_until_it_is_back(
    registry: Registry, tmp_path: Path, stack: ExitStack
) -> None:
    registry.promote("1")
    file = tmp_path / "mlflow.db"
    shutil.copyfile(registry.home / "mlflow.db", file)
    good, uri = file.read_bytes(), f"sqlite:///{file}"
    fresh = info(started(stack, uri, tmp_path))
    file.write_bytes(b"no database at all" * 100)
    client = started(stack, uri, tmp_path)
    stale = info(client)
    assert (stale.stale, stale.version, stale.generation) == (True, "1", 1)
    assert stale.bundle_digest == fresh.bundle_digest
    status = failure(lambda: reload(client))
    assert status.code == StatusCode.UNAVAILABLE.value[0]
    assert reason_of(status) == "REGISTRY_UNAVAILABLE"
    assert str(file) not in status.message
    assert info(client) == stale
    file.write_bytes(good)
    recovered = reload(client)
    assert (recovered.changed, recovered.generation) == (False, 1)
    assert not info(client).stale
