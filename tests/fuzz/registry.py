"""Answers of a registry and its store."""

import json
import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.fuzz.bundles import Document
from tests.fuzz.target import Seeds
from tests.registry import hostile_registry
from tests.support import examples
from tests.support.examples import MODEL_NAME

_LIMIT = 2**20
_REASONS = {
    "BUNDLE_CHECKSUM", "BUNDLE_FORMAT", "BUNDLE_UNSAFE", "MODEL_NOT_FOUND", "REGISTRY_UNAVAILABLE",
    "SCHEMA_INCOMPATIBLE",
}  # fmt: skip


class Answers(Document):
    """What a registry says of a version, its files and their content, as one JSON document.

    Args:
        stack: Ends the registry.
        folder: Where a bundle and a cache may be made.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        # MLflow keeps what it is asked in the environment.
        stack.callback(_restore, dict(os.environ))
        from housing_grpc.registry import fetch_child

        self._fetch = fetch_child
        self._example = examples.make(
            folder / "real", examples.load_houses(), "linear", "v1_median"
        )
        self._home = folder / "home"
        self._registry = stack.enter_context(hostile_registry.running())

    def seeds(self) -> Seeds:
        """Returns answers that are right, and some that are not."""
        files = sorted(self._example.folder.iterdir())
        right = {
            "version": hostile_registry.answered(self._example.digest),
            "artifact_uri": "mlflow-artifacts:/model",
            "listing": hostile_registry.listed(**{f.name: f.stat().st_size for f in files}),
            "content": {file.name: file.read_text("latin-1") for file in files},
        }
        yield json.dumps(right).encode()
        yield json.dumps({**right, "version": hostile_registry.answered("..")}).encode()
        yield json.dumps({**right, "listing": {"files": [{"path": "..", "is_dir": True}]}}).encode()

    def __call__(self, data: bytes) -> None:
        """Fetches what they name: it is the bundle, or refused, and nothing else is written."""
        try:
            given: dict[str, Any] = json.loads(data)
            self._tell(given)
        except (ValueError, TypeError, KeyError, AttributeError):
            return
        shutil.rmtree(self._home, ignore_errors=True)
        part = self._home / "bundles" / ".part-1"
        part.mkdir(parents=True)
        answer = self._fetch.answer(self._request(part))
        kept = {each.name for each in part.parent.iterdir()} - {part.name}
        if "reason" in answer:
            assert answer["reason"] in _REASONS, answer
            assert len(answer["message"]) <= 1001, answer
            assert answer["message"].isprintable(), answer
            assert not kept, kept
        else:
            assert answer == {"version": answer["version"], "digest": self._example.digest}
            assert kept == {self._example.digest}
        written = sum(file.stat().st_size for file in part.rglob("*") if file.is_file())
        assert written <= _LIMIT, written

    def _tell(self, given: dict[str, Any]) -> None:
        content = {name: text.encode("latin-1") for name, text in given["content"].items()}
        self._registry.version = given["version"]
        self._registry.artifact_uri = given["artifact_uri"]
        self._registry.listing = given["listing"]
        self._registry.content = lambda name: [content.get(name, b"")]

    def _request(self, part: Path) -> dict[str, Any]:
        return {
            "tracking_uri": self._registry.uri,
            "wanted": {"name": MODEL_NAME, "alias": "production", "version": None},
            "cache": str(part.parent),
            "part": str(part),
            "public_key_file": "",
            "max_bytes": _LIMIT,
            "seconds": 60,
            "tell_unless": None,
        }


def _restore(environment: dict[str, str]) -> None:
    import mlflow

    # None is what they are by default, whatever their types say.
    none: Any = None
    mlflow.set_tracking_uri(none)
    mlflow.set_registry_uri(none)
    os.environ.clear()
    os.environ.update(environment)
