"""Questions to a registry as a server puts them."""

from pathlib import Path
from typing import Any

from housing_grpc.model.child_processes import Children
from housing_grpc.registry import without_mlflow
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted
from housing_grpc.registry.registry_source import RegistrySource
from tests.registry.hostile_registry import DIGEST
from tests.support.examples import MODEL_NAME

SECONDS = 60
WANTED = Wanted(name=MODEL_NAME, alias="production")
VERSION = RegisteredVersion(name=MODEL_NAME, version="2", digest_tag=DIGEST)
"""What the registries of these tests have under that alias."""


def source_of(uri: str, cache: Path, seconds: float = SECONDS) -> RegistrySource:
    """Returns a source of the registry at an address."""
    where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
    return RegistrySource(where, cache, seconds, children=Children())


def find(uri: str, wanted: Wanted = WANTED, **variables: Any) -> RegisteredVersion:
    """Returns what a registry says, asked without MLflow."""
    found = without_mlflow.registry(uri, SECONDS, variables)
    assert found is not None
    return found.find(wanted)
