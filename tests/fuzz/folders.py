"""Folders that should be bundles."""

import base64
import hashlib
import json
import os
import random
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.errors import BundleError
from tests.fuzz import mutants
from tests.fuzz.target import Seeds, Target
from tests.support import examples

_LIMIT = 2**20
_LONGEST_TEXT = 1001
_SPARSE = 2**42
_KINDS = ("file", "link", "folder", "pipe", "sparse")
_NAMES = (
    "metadata.json", "metadata.sig", "model.onnx", "preprocessor.json", "model.linear",
    "model.trees", "model.pkl", ".hidden", "\xff", "a\nb", "-", "x" * 200,
)  # fmt: skip


class Folder(Target):
    """A folder, described by JSON: of each entry its name, kind, content and size.

    Args:
        stack: Not needed.
        folder: Where folders may be made.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        example = examples.make(folder / "real", examples.load_houses(), "linear", "v1_median")
        self._work = folder / "work"
        self._real = [
            {"name": file.name, "kind": "file", "content": _text(file.read_bytes()), "size": 2**41}
            for file in sorted(example.folder.iterdir())
        ]

    def seeds(self) -> Seeds:
        """Returns a bundle, and one with something more of each kind."""
        yield json.dumps(self._real).encode()
        for place, kind in enumerate(_KINDS):
            more = {"name": _NAMES[place], "kind": kind, "content": "", "size": 2**40}
            yield json.dumps([*self._real, more]).encode()

    def mutant(self, seed: bytes, chance: random.Random) -> bytes:
        """Returns a description with another name, kind, content or size."""
        try:
            entries: Any = json.loads(seed)
            entry = chance.choice(entries)
            entry[chance.choice(["name", "kind"])] = chance.choice([*_NAMES, *_KINDS])
            if chance.random() < 0.5:
                content = base64.b64decode(entry["content"])
                entry["content"] = _text(mutants.of_bytes(content, chance))
            return json.dumps(entries).encode()
        except (ValueError, TypeError, KeyError, IndexError):
            return mutants.of_json(seed, chance)

    def __call__(self, data: bytes) -> None:
        """Reads the folder; it is refused in one line of text, or all of it is as it says."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        try:
            for entry in json.loads(data):
                self._make(entry)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
            return  # What cannot be made is no folder.
        try:
            found = bundle_format.read(self._work, max_bytes=_LIMIT)
        except BundleError as error:
            _check_text(str(error), self._work)
            return
        assert found.digest == _sha256(self._work / "metadata.json")
        for name, listed in found.metadata.files.items():
            assert listed.sha256 == _sha256(self._work / name)

    def _make(self, entry: dict[str, Any]) -> None:
        name = entry["name"].encode("latin-1").replace(b"/", b"")
        path = Path(self._work, os.fsdecode(name))
        if entry["kind"] == "file":
            with path.open("xb") as file:
                file.write(base64.b64decode(entry["content"], validate=True))
        elif entry["kind"] == "sparse":
            with path.open("xb") as file:
                file.truncate(min(entry["size"], _SPARSE))
        elif entry["kind"] == "link":
            path.symlink_to("metadata.json")
        elif entry["kind"] == "folder":
            path.mkdir()
        else:
            os.mkfifo(path)


def _check_text(text: str, folder: Path) -> None:
    assert text.isprintable(), text
    assert len(text) <= _LONGEST_TEXT, text
    assert str(folder.parent) not in text, text


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
