"""What passes costs nothing for good: neither a new version, nor a bundle that is kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.registry.hostile_registry import Registry, listed, running, serve_bundle
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example


@pytest.fixture
def registry(linear: Example) -> Iterator[Registry]:
    with running() as registry:
        serve_bundle(registry, linear.folder)
        yield registry


def source_of(registry: Registry, cache: Path, **limits: Any) -> RegistrySource:
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    return RegistrySource(where, cache, 60, children=Children(), **limits)


@pytest.fixture
def source(registry: Registry, tmp_path: Path) -> RegistrySource:
    return source_of(registry, tmp_path / "bundles")


def refusal(source: RegistrySource) -> ServingError:
    error = raised(ServingError, source.fetch, Target())
    assert error.reason.tries is None
    return error


@pytest.mark.parametrize("name", ["metadata.json", "model.onnx"])
def test_a_file_that_is_cut_short(
    registry: Registry, source: RegistrySource, linear: Example, name: str
) -> None:
    whole = registry.content
    sizes = {file.name: file.stat().st_size for file in linear.folder.iterdir()}
    registry.listing = listed(**{**sizes, name: 100})
    registry.content = lambda asked: [
        piece[:100] if asked == name else piece for piece in whole(asked)
    ]
    assert refusal(source).reason is Reason.BUNDLE_CHECKSUM
    serve_bundle(registry, linear.folder)
    assert source.fetch(Target()).digest == linear.digest


def test_a_file_that_is_shorter_than_was_said(registry: Registry, source: RegistrySource) -> None:
    registry.content = lambda _: [b"{}"]
    assert refusal(source).reason is Reason.REGISTRY_UNAVAILABLE


def test_a_store_that_has_moved(registry: Registry, source: RegistrySource) -> None:
    registry.status, registry.content = 302, lambda _: []
    assert refusal(source).reason is Reason.REGISTRY_UNAVAILABLE


def test_a_store_that_is_empty(registry: Registry, source: RegistrySource) -> None:
    registry.listing = listed()
    assert refusal(source).reason is Reason.BUNDLE_CHECKSUM


@pytest.mark.parametrize(
    "limits",
    [{"verifier": Verifier(Path("/nowhere/keys.pem"))}, {"max_bytes": 2**10}],
    ids=["key file", "size"],
)
def test_a_kept_bundle_outlives_settings_that_refuse_it(
    registry: Registry, source: RegistrySource, limits: dict[str, Any]
) -> None:
    kept = source.fetch(Target())
    source.served(kept)
    with pytest.raises(ServingError):
        source_of(registry, kept.folder.parent, **limits).fetch(Target())
    assert source.last_known() is not None
    assert bundle_format.read(kept.folder).digest == kept.digest
