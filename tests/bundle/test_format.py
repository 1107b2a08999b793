import hashlib
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle.errors import (
    BundleChecksumError,
    BundleError,
    BundleFormatError,
    BundleUnsafeError,
    SchemaIncompatibleError,
)
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.part_files import PREPROCESSOR_LIMIT
from tests.support import broken_bundles as broken
from tests.support.examples import format_1

Damage = Callable[[Path], object]
DAMAGES: list[Any] = []


def damage(error: type[BundleError], text: str) -> Callable[[Damage], Damage]:
    def register(spoil: Damage) -> Damage:
        DAMAGES.append(pytest.param(spoil, error, text, id=spoil.__name__))
        return spoil

    return register


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads((folder / "metadata.json").read_bytes())
    change(document)
    (folder / "metadata.json").write_text(json.dumps(document))


damage(BundleChecksumError, r"model.onnx: is \d+ bytes long, \d+ are listed")(broken.truncated)
damage(BundleChecksumError, "model.onnx: its SHA-256 is not the one that is listed")(
    broken.flipped_bit
)
damage(BundleChecksumError, "notes.txt: is not listed")(broken.extra_file)
damage(BundleChecksumError, "preprocessor.json: is listed, but missing")(broken.missing_file)
damage(BundleUnsafeError, "model.onnx: is not a plain file")(broken.symlink)
damage(BundleUnsafeError, "model.onnx: is a pickle")(broken.pickle_inside)
damage(BundleUnsafeError, r"the file name '\.\./model.onnx' is a path")(broken.path_upwards)
damage(BundleFormatError, "metadata.json: Expecting value")(broken.not_json)
damage(BundleFormatError, "metadata.json: ")(broken.deep_json)
damage(BundleFormatError, "format_version is 99, this server reads 1 to 2; update the server")(
    broken.newer_format
)


@damage(BundleFormatError, "there is no metadata.json")
def missing_metadata(folder: Path) -> None:
    (folder / "metadata.json").unlink()


@damage(BundleUnsafeError, "more: is not a plain file")
def subfolder(folder: Path) -> None:
    (folder / "more").mkdir()


@damage(BundleUnsafeError, "model.PKL: is a pickle by its name")
def pickle_by_name(folder: Path) -> None:
    (folder / "model.PKL").write_bytes(b"harmless")


@damage(BundleUnsafeError, "metadata.json: is a pickle")
def pickled_metadata(folder: Path) -> None:
    (folder / "metadata.json").write_bytes(pickle.dumps({"a": 1}))


@damage(BundleFormatError, "metadata.json: must list one of model.linear and model.trees")
def unlisted_model(folder: Path) -> None:
    rewrite(folder, lambda found: found["files"].pop("model.linear"))


@damage(BundleFormatError, "metadata.json: lists no preprocessor.json")
def unlisted_preprocessor(folder: Path) -> None:
    rewrite(folder, lambda found: found["files"].pop("preprocessor.json"))


@damage(BundleFormatError, "model.linear: is of version 2, this server reads 1; update the server")
def newer_layout(folder: Path) -> None:
    rewrite(folder, lambda found: found["files"]["model.linear"].update(version=2))


@damage(BundleFormatError, "metadata.json: ")
def not_text(folder: Path) -> None:
    (folder / "metadata.json").write_bytes(b'{"format_version": 1, "name": "\xff"}')


@damage(BundleFormatError, "missing required field `run_id`")
def missing_key(folder: Path) -> None:
    rewrite(folder, lambda found: found.pop("run_id"))


@damage(BundleFormatError, "trained_at has no time zone")
def naive_time(folder: Path) -> None:
    rewrite(folder, lambda found: found.update(trained_at="2026-01-02T03:04:05"))


@damage(BundleFormatError, r"Expected `int` <= 9007199254740992 - at `\$\.features\[0\].histogram")
def a_count_of_400_digits(folder: Path) -> None:
    rewrite(folder, lambda found: found["features"][0]["histogram"]["counts"].append(10**400))


@damage(BundleFormatError, r"Expected `int` >= 0 - at `\$\.features\[0\].histogram.counts")
def a_negative_count(folder: Path) -> None:
    rewrite(folder, lambda found: found["features"][0]["histogram"]["counts"].append(-1))


@damage(BundleFormatError, r"Expected `int` <= 9007199254740992 - at `\$\.files")
def a_size_of_400_digits(folder: Path) -> None:
    rewrite(folder, lambda found: found["files"]["model.onnx"].update(size=10**400))


@damage(BundleFormatError, r"Expected `int` <= 1000000 - at `\$\.format_version`")
def a_version_of_400_digits(folder: Path) -> None:
    rewrite(folder, lambda found: found.update(format_version=10**400))


@damage(SchemaIncompatibleError, "the features are x{200}, x.*…$")
def many_long_names(folder: Path) -> None:
    rewrite(
        folder,
        lambda found: found.update(features=[{**found["features"][0], "name": "x" * 200}] * 99),
    )


@damage(BundleFormatError, r"Expected `array` of length <= 1001 - at `\$\.features\[0\].histogram")
def too_many_bins(folder: Path) -> None:
    rewrite(folder, lambda found: found["features"][0]["histogram"].update(edges=[0.0] * 1002))


@damage(BundleFormatError, r"Expected `array` of length <= 1000 - at `\$\.golden.rows")
def too_many_golden_rows(folder: Path) -> None:
    rewrite(folder, lambda found: found["golden"].update(rows=[[0.0] * 13] * 1001))


@damage(BundleFormatError, r"Expected `str` of length <= 255 - at `\$\.name`")
def a_long_name(folder: Path) -> None:
    rewrite(folder, lambda found: found.update(name="x" * 256))


@damage(BundleFormatError, "metadata.json: 1e400 is not a finite number")
def a_number_beyond_all(folder: Path) -> None:
    text = (folder / "metadata.json").read_text().replace("10.0", "1e400", 1)
    (folder / "metadata.json").write_text(text)


@damage(BundleFormatError, "metadata.json: the range of CRIM ends before it starts")
def a_range_upside_down(folder: Path) -> None:
    rewrite(folder, lambda found: found["features"][0].update(min=11.0))


@damage(BundleFormatError, "metadata.json: is larger than 1048576 bytes")
def a_long_document(folder: Path) -> None:
    rewrite(folder, lambda found: found["params"].update(text="x" * 2**20))


@damage(BundleFormatError, "metadata.json: params are nested more than 8 deep")
def parameters_within_parameters(folder: Path) -> None:
    deep: Any = 1
    for _ in range(500):
        deep = [deep]
    rewrite(folder, lambda found: found["params"].update(text=deep))


@damage(BundleUnsafeError, r"a file is named '.*udcff'")
def a_name_that_is_no_text(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff")).touch()


@damage(BundleFormatError, "golden rows and answers do not pair up")
def fewer_answers(folder: Path) -> None:
    rewrite(folder, lambda found: found["golden"]["answers"].pop())


@damage(BundleFormatError, "a golden row has not 13 values")
def short_golden_row(folder: Path) -> None:
    rewrite(folder, lambda found: found["golden"]["rows"][0].pop())


@damage(SchemaIncompatibleError, "the features are ZN, CRIM, INDUS, .* in this order")
def swapped_features(folder: Path) -> None:
    def swap(found: dict[str, Any]) -> None:
        features = found["features"]
        features[0], features[1] = features[1], features[0]

    rewrite(folder, swap)


@damage(SchemaIncompatibleError, "the features are CRIM, .* PTRATIO, B; this server takes")
def one_feature_less(folder: Path) -> None:
    rewrite(folder, lambda found: found["features"].pop())


# They clear a terminal, begin another line of a log, or turn what follows around.
UNPRINTABLE = ("\x1b[2J", "\n", "\r", "\0", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066")
TEXTS = ("name", "model_type", "preprocessing", "run_id", "code_version")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        *[({name: "x" * 256}, rf"\$\.{name}") for name in TEXTS],
        ({"name": "x" * 2**19}, r"\$\.name"),
        ({"target": {"name": "MEDV", "unit": "x" * 256, "min": 0, "max": 1}}, r"\$\.target\.unit"),
        ({"metrics": {"x" * 256: 1.0}}, "key"),
        ({"metrics": {str(n): 1.0 for n in range(1001)}}, r"\$\.metrics"),
        ({"library_versions": {"numpy": "x" * 256}}, r"\$\.library_versions"),
        ({"library_versions": {str(n): "1" for n in range(1001)}}, r"\$\.library_versions"),
    ],
)
def test_what_is_told_has_a_limit(folder: Path, change: dict[str, Any], where: str) -> None:
    rewrite(folder, lambda document: document.update(change))
    with pytest.raises(BundleFormatError, match=rf"length <= \d+ - at .*{where}") as caught:
        bundle_format.read(folder)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("change", "where"),
    [
        *[({"name": f"x{mark}y"}, r"\$\.name") for mark in UNPRINTABLE],
        ({"metrics": {"rmse\n": 1.0}}, "key"),
        ({"data_digest": "a" * 64 + "\n"}, r"\$\.data_digest"),
    ],
)
def test_what_is_told_can_be_shown(folder: Path, change: dict[str, Any], where: str) -> None:
    rewrite(folder, lambda document: document.update(change))
    with pytest.raises(BundleFormatError, match=rf"matching regex .* - at .*{where}"):
        bundle_format.read(folder)


@pytest.mark.parametrize(("spoil", "error", "text"), DAMAGES)
def test_damage_is_refused(
    folder: Path, spoil: Damage, error: type[BundleError], text: str
) -> None:
    spoil(folder)
    with pytest.raises(error, match=text) as caught:
        bundle_format.read(folder)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= 1001


def test_what_is_written_is_read_back(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    digest = bundle_format.write(tmp_path / "new" / "bundle", metadata, blobs)
    found = bundle_format.read(tmp_path / "new" / "bundle")
    assert found.blobs == {name: blobs[name] for name in ("preprocessor.json", "model.linear")}
    assert found.digest == digest
    assert msgspec.structs.replace(found.metadata, files={}) == metadata
    assert {name: entry.size for name, entry in found.metadata.files.items()} == {
        name: len(blob) for name, blob in blobs.items()
    }


def test_other_files_and_fields_of_a_later_release_are_passed_over(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    folder = tmp_path / "bundle"
    bundle_format.write(folder, metadata, {**blobs, "receipts.json": b"of a later release"})
    rewrite(folder, lambda found: found.update(lineage={"parent": "1"}))
    rewrite(folder, lambda found: found["files"]["receipts.json"].update(version=7))
    assert set(bundle_format.read(folder).blobs) == {"preprocessor.json", "model.linear"}
    (folder / "receipts.json").write_bytes(b"of another release")
    with pytest.raises(BundleChecksumError, match=r"receipts\.json: its SHA-256"):
        bundle_format.read(folder)


def test_format_1_knows_no_other_files(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    older, kept = format_1(metadata, blobs)
    bundle_format.write(tmp_path / "one", older, kept)
    assert bundle_format.read(tmp_path / "one").blobs == kept
    bundle_format.write(tmp_path / "more", older, blobs)
    with pytest.raises(BundleFormatError, match=r"model\.linear: is no file of format 1"):
        bundle_format.read(tmp_path / "more")


def test_a_document_that_takes_long_to_parse_is_refused(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    folder = tmp_path / "bundle"
    padded = blobs["preprocessor.json"] + b" " * PREPROCESSOR_LIMIT
    bundle_format.write(folder, metadata, {**blobs, "preprocessor.json": padded})
    with pytest.raises(BundleFormatError, match=r"preprocessor\.json: is larger than"):
        bundle_format.read(folder)


def test_the_digest_is_that_of_the_metadata_file(folder: Path) -> None:
    document = (folder / "metadata.json").read_bytes()
    assert bundle_format.read(folder).digest == hashlib.sha256(document).hexdigest()


def test_the_same_bundle_has_the_same_digest(
    tmp_path: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    first = bundle_format.write(tmp_path / "first", metadata, blobs)
    assert bundle_format.write(tmp_path / "second", metadata, blobs) == first
    other = msgspec.structs.replace(metadata, name="other")
    assert bundle_format.write(tmp_path / "third", other, blobs) != first


def test_a_bundle_is_never_written_over(
    folder: Path, metadata: Metadata, blobs: dict[str, bytes]
) -> None:
    before = bundle_format.read(folder)
    with pytest.raises(FileExistsError, match="never written over"):
        bundle_format.write(folder, metadata, {**blobs, "model.onnx": b"other"})
    assert bundle_format.read(folder) == before


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, metadata: Metadata) -> None:
    with pytest.raises(OSError, match="too long"):
        bundle_format.write(tmp_path / "bundle", metadata, {"model.onnx": b"1", "x" * 300: b"2"})
    assert list(tmp_path.iterdir()) == []


def test_anyone_may_read_the_folder(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("kind", ["missing", "file", "link"])
def test_only_a_folder_is_read(folder: Path, kind: str) -> None:
    other = folder.parent / "other"
    if kind == "file":
        other.write_text("hello")
    elif kind == "link":
        other.symlink_to(folder)
    with pytest.raises(BundleFormatError, match="other: is not a folder"):
        bundle_format.read(other)
