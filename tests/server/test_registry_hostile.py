"""A registry that answers what it likes: nothing of it becomes a path, a label or a version."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from housing_grpc.bundle.digest import Digest
from housing_grpc.child import Children
from housing_grpc.errors import Reason, ServingError
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import DIGEST_TAG, RegistryLocation
from housing_grpc.registry.source import RegistrySource
from housing_grpc.source import Target
from tests.examples import MODEL_NAME

DIGEST = Digest("ab" * 32)


class Registry(ThreadingHTTPServer):
    """Answers each question after a version with the same one, as MLflow's server would."""

    version: dict[str, Any]

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    server: Registry

    def do_GET(self) -> None:
        body = json.dumps({"model_version": self.server.version}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a cache of one bundle and with what must never go."""
    (tmp_path / "mlflow.db").write_text("the registry's own")
    BundleCache(tmp_path / "bundles").path(DIGEST).mkdir(parents=True)
    return tmp_path


def answered(tag: str | None, **changed: str) -> dict[str, Any]:
    tags = [] if tag is None else [{"key": DIGEST_TAG, "value": tag}]
    return {"name": MODEL_NAME, "version": "2", "run_id": "r", "tags": tags, **changed}


def refusal_of(registry: Registry, home: Path, target: Target) -> ServingError:
    where = RegistryLocation(tracking_uri=registry.uri, model_name=MODEL_NAME, alias="production")
    source = RegistrySource(where, home / "bundles", 60, children=Children())
    with pytest.raises(ServingError) as caught:
        source.fetch(target)
    assert (home / "mlflow.db").is_file()
    assert (home / "bundles" / DIGEST).is_dir()
    return caught.value


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
            " `python -m admin register RUN_ID` registers its run again"
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
