"""A server whose disk has no space for the bundle that it is to fetch."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from admin import mlflow_environment
from admin.settings import Settings
from housing_grpc.child import Children
from housing_grpc.errors import Reason, ServingError
from housing_grpc.registry import location
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.source import RegistrySource
from housing_grpc.source import Target
from tests.admin.small_disk import SmallDisk, mounted
from tests.examples import DATA, MODEL_NAME
from tests.server.conftest import Events


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", "1m") as disk:
        yield disk


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryLocation:
    """A registry with a promoted version."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    mlflow_environment.configure()
    from admin.mlflow_client import connect
    from admin.seed import seed
    from admin.spec import TrainingSpec

    home = tmp_path / "home"
    where = RegistryLocation(
        tracking_uri=location.default_tracking_uri(home), model_name=MODEL_NAME, alias="production"
    )
    settings = Settings(location=where, home=home)
    with connect(settings) as client:
        seed(client, settings, TrainingSpec(model="linear", data=DATA))
    return where


def test_a_full_cache_is_told_without_its_path_and_logged_with_it(
    disk: SmallDisk, registry: RegistryLocation, events: Events
) -> None:
    cache = disk.folder / "bundles"
    source = RegistrySource(registry, cache, seconds=60, children=Children())
    disk.fill(free=4096 * 3)
    with pytest.raises(ServingError) as caught:
        source.fetch(Target())
    assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
    message = caught.value.message
    assert message.startswith("the bundle cache cannot be used: No space left on device, ")
    assert message.endswith(" bytes are needed")
    assert str(disk.folder) not in message
    [entry] = events.of("cache.full")
    assert str(cache) in json.dumps(entry, default=str)
    assert list(cache.iterdir()) == []
    disk.grow()
    fetched = source.fetch(Target())
    assert fetched.folder.parent == cache
