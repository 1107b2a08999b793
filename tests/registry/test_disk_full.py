"""A server whose disk has no space for the bundle that it is to fetch."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.admin.small_disk import SmallDisk, mounted
from tests.support import homes
from tests.support.errors import raised
from tests.support.homes import Trained
from tests.support.serving import Events


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk", "1m") as disk:
        yield disk


@pytest.fixture
def where(trained: Trained, tmp_path: Path) -> RegistryLocation:
    """A registry with a promoted version."""
    settings = homes.copy(trained.home, tmp_path / "home")
    with homes.embedded():
        from admin.tracking.connection import connect
        from admin.tracking.promotion import promote
        from admin.tracking.registry import register

        with connect(settings) as client:
            register(client, settings.location, trained.run_id)
            promote(client, settings.location, 1)
    return settings.location


def test_a_full_cache_is_told_without_its_path_and_logged_with_it(
    disk: SmallDisk, where: RegistryLocation, events: Events
) -> None:
    cache = disk.folder / "bundles"
    source = RegistrySource(where, cache, seconds=60, children=Children())
    disk.fill(free=4096 * 3)
    error = raised(ServingError, source.fetch, Target())
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    message = error.message
    assert message.startswith("the bundle cache cannot be used: No space left on device, ")
    assert message.endswith(" bytes are needed")
    assert str(disk.folder) not in message
    [entry] = events.of("cache.full")
    assert str(cache) in json.dumps(entry, default=str)
    assert list(cache.iterdir()) == []
    disk.grow()
    fetched = source.fetch(Target())
    assert fetched.folder.parent == cache
