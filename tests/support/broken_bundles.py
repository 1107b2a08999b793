"""Everything that can be wrong with a bundle, done to a good one, and the reason for each."""

import json
import os
import pickle
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.regressor_file import Linear, encode
from tests.support import hostile
from tests.support.examples import contents, format_1

Break = Callable[[Path], object]

KINDS: dict[str, tuple[Break, str]] = {}
_SPARSE = 2**30


def kind(reason: str) -> Callable[[Break], Break]:
    """Adds a kind with the reason that the server gives for it."""

    def add(spoil: Break) -> Break:
        KINDS[spoil.__name__] = (spoil, reason)
        return spoil

    return add


def in_turn() -> Iterator[tuple[str, Break, str]]:
    """Gives each kind that can be made here, with its reason."""
    for name, (spoil, reason) in KINDS.items():
        # Root reads whatever it likes.
        if name != "unreadable_file" or os.geteuid() != 0:
            yield name, spoil, reason


@kind("BUNDLE_CHECKSUM")
def truncated(folder: Path) -> None:
    os.truncate(folder / "model.onnx", 100)


@kind("BUNDLE_CHECKSUM")
def flipped_bit(folder: Path) -> None:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)


@kind("BUNDLE_CHECKSUM")
def extra_file(folder: Path) -> None:
    (folder / "notes.txt").write_text("hello")


@kind("BUNDLE_CHECKSUM")
def missing_file(folder: Path) -> None:
    (folder / "preprocessor.json").unlink()


@kind("BUNDLE_CHECKSUM")
def empty_model(folder: Path) -> None:
    os.truncate(folder / "model.onnx", 0)


@kind("BUNDLE_FORMAT")
def not_json(folder: Path) -> None:
    (folder / "metadata.json").write_text("name: house-prices")


@kind("BUNDLE_FORMAT")
def deep_json(folder: Path) -> None:
    (folder / "metadata.json").write_text('{"format_version": 1, "a": ' + "[" * 1_000_000)


@kind("BUNDLE_FORMAT")
def newer_format(folder: Path) -> None:
    _describe(folder, lambda found: found.update(format_version=99))


@kind("BUNDLE_FORMAT")
def duplicate_keys(folder: Path) -> None:
    text = (folder / "metadata.json").read_text()
    assert text.startswith("{")
    (folder / "metadata.json").write_text('{"format_version": 1, "name": "first",' + text[1:])


@kind("SCHEMA_INCOMPATIBLE")
def wrong_features(folder: Path) -> None:
    _describe(folder, lambda found: found["features"].reverse())


@kind("BUNDLE_UNSAFE")
def pickle_inside(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(pickle.dumps({"a": 1}))


@kind("BUNDLE_UNSAFE")
def joblib_inside(folder: Path) -> None:
    (folder / "model.joblib").write_bytes(b"harmless")


@kind("BUNDLE_UNSAFE")
def symlink(folder: Path) -> None:
    moved = (folder / "model.onnx").rename(folder.with_name("elsewhere.onnx"))
    (folder / "model.onnx").symlink_to(moved)


@kind("BUNDLE_UNSAFE")
def path_upwards(folder: Path) -> None:
    _describe(folder, lambda found: _list_again(found, "../model.onnx"))


@kind("BUNDLE_UNSAFE")
def absolute_path(folder: Path) -> None:
    _describe(folder, lambda found: _list_again(found, "/etc/passwd"))


@kind("BUNDLE_UNSAFE")
def folder_for_a_file(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()


@kind("BUNDLE_UNSAFE")
def pipe_for_a_file(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


@kind("BUNDLE_FORMAT")
def huge_file(folder: Path) -> None:
    os.truncate(folder / "model.onnx", _SPARSE)


@kind("BUNDLE_FORMAT")
def unreadable_file(folder: Path) -> None:
    (folder / "model.onnx").chmod(0)


@kind("BUNDLE_FORMAT")
def no_model(folder: Path) -> None:
    _write_anew(folder, {"model.linear": b"no numbers"})


@kind("BUNDLE_FORMAT")
def no_onnx(folder: Path) -> None:
    _write_format_1(folder, b"no graph")


@kind("SELF_TEST")
def other_answers(folder: Path) -> None:
    def change(metadata: Metadata) -> Metadata:
        answers = [answer + 1 for answer in metadata.golden.answers]
        golden = msgspec.structs.replace(metadata.golden, answers=answers)
        return msgspec.structs.replace(metadata, golden=golden)

    _write_anew(folder, {}, change)


@kind("SELF_TEST")
def output_not_a_number(folder: Path) -> None:
    steep = Linear(coefficients=np.full(hostile.FEATURES, 1e308), intercept=0.0)
    metadata, kept = bundle_format.read(folder).metadata, contents(folder)
    for name in ("model.trees", "covers.bin"):
        kept.pop(name, None)
    shutil.rmtree(folder)
    bundle_format.write(folder, metadata, kept | dict([encode(steep)]))


@kind("BUNDLE_UNSAFE")
def data_in_another_file(folder: Path) -> None:
    _write_format_1(folder, hostile.external_data("metadata.json"))


@kind("BUNDLE_UNSAFE")
def a_loop_that_never_ends(folder: Path) -> None:
    _write_format_1(folder, hostile.endless())


@kind("BUNDLE_UNSAFE")
def a_graph_that_takes_all_memory(folder: Path) -> None:
    _write_format_1(folder, hostile.memory(mib=4000))


@kind("BUNDLE_FORMAT")
def numbers_that_take_all_memory(folder: Path) -> None:
    _write_anew(folder, {"preprocessor.json": hostile.numbers(mib=40)})


def _describe(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "metadata.json").read_bytes())
    change(document)
    (folder / "metadata.json").write_text(json.dumps(document))


def _list_again(document: dict[str, Any], name: str) -> None:
    document["files"][name] = document["files"]["model.onnx"]


def _write_anew(
    folder: Path,
    blobs: Mapping[str, bytes],
    change: Callable[[Metadata], Metadata] = lambda metadata: metadata,
) -> None:
    """Makes it a bundle that is whole, with other content."""
    metadata, kept = bundle_format.read(folder).metadata, contents(folder)
    shutil.rmtree(folder)
    bundle_format.write(folder, change(metadata), {**kept, **blobs})


def _write_format_1(folder: Path, graph: bytes) -> None:
    found = format_1(bundle_format.read(folder).metadata, contents(folder))
    shutil.rmtree(folder)
    bundle_format.write(folder, found[0], {**found[1], "model.onnx": graph})
