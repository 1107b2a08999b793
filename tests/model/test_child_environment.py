"""What processes that the server starts inherit: what they need, and no secret of others."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from housing_grpc.base.errors import ServingError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.model.trial import Trial
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.support.examples import MODEL_NAME, Example

# What stands in the environment of a server, by who needs it.
REGISTRY = {
    "MLFLOW_TRACKING_TOKEN": "token", "MLFLOW_S3_ENDPOINT_URL": "http://s3",
    "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AZURE_STORAGE_KEY": "key",
    "GOOGLE_APPLICATION_CREDENTIALS": "/file", "PGPASSWORD": "password", "HTTPS_PROXY": "http://p",
    "no_proxy": "localhost", "REQUESTS_CA_BUNDLE": "/ca",
}  # fmt: skip
OF_SERVER = {
    "API_KEY": "key", "API_KEYS_FILE": "/keys", "TLS_KEY_FILE": "/key", "GRPC_KEY_FILE": "/key",
    "RECEIPT_KEYS_FILE": "/keys", "FEEDBACK_URL": "postgresql://u:p@db/f", "HOUSING_API_KEY": "key",
    "BUNDLE_SIGNING_KEY_FILE": "/key", "POSTGRES_PASSWORD": "password", "LDAP_PASSWORD": "password",
    "MINIO_ROOT_PASSWORD": "password", "SOMETHING_ELSE": "value",
}  # fmt: skip
SERVING = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret",
    "GRPC_TRACE": "",
}  # fmt: skip

# Python runs it first of all, in every process.
NOTE = """
import json, os, pathlib, sys
pathlib.Path({folder!r}, sys.orig_argv[2]).write_text(json.dumps(dict(os.environ)))
"""

Seen = Callable[[str], dict[str, str]]


@pytest.fixture
def seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Gives the environment that a module was started with."""
    notes, first = tmp_path / "notes", tmp_path / "first"
    for folder in (notes, first):
        folder.mkdir()
    (first / "sitecustomize.py").write_text(NOTE.format(folder=str(notes)))
    for name, value in {**REGISTRY, **OF_SERVER, **SERVING, "LC_ALL": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(first))

    def found(module: str) -> dict[str, str]:
        inherited: dict[str, str] = json.loads((notes / module).read_text())
        assert inherited["LC_ALL"] == "C.UTF-8"
        return inherited

    return found


def secrets(inherited: dict[str, str]) -> set[str]:
    return inherited.keys() & {*REGISTRY, *OF_SERVER, *SERVING}


def test_a_trial_inherits_no_secret(seen: Seen, linear: Example) -> None:
    Trial(Children())(linear.folder)
    assert secrets(seen("housing_grpc.bundle.trial_child")) == set()


def test_what_fetches_inherits_those_of_the_registry(seen: Seen, tmp_path: Path) -> None:
    where = RegistryLocation(
        tracking_uri=f"sqlite:///{tmp_path / 'none'}", model_name=MODEL_NAME, alias="production"
    )
    with pytest.raises(ServingError, match="there is no registry yet"):
        RegistrySource(where, tmp_path / "bundles", 60, children=Children()).fetch(Target())
    assert secrets(seen("housing_grpc.registry.fetch_child")) == {*REGISTRY}
