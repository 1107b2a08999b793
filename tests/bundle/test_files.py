"""Reading files of a folder that changes under the reader's hands."""

import os
from pathlib import Path

import pytest

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleChecksumError, BundleFormatError, BundleUnsafeError

LIMIT = 2**20


def test_a_link_is_seen_before_anything_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"elsewhere")
    (folder / "model.onnx").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleUnsafeError, match=r"model\.onnx: is not a plain file"):
        files.sizes(folder, LIMIT)


def test_a_file_that_has_become_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of somebody else")
    (tmp_path / "model.onnx").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleUnsafeError, match=r"^model\.onnx: is not a plain file"):
        files.read(tmp_path / "model.onnx", LIMIT)


def test_a_file_that_has_become_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    with pytest.raises(BundleUnsafeError, match=r"^model\.onnx: is not a plain file"):
        files.read(tmp_path / "model.onnx", LIMIT)


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(BundleChecksumError, match=r"^model\.onnx: vanished"):
        files.read(tmp_path / "model.onnx", LIMIT)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(bytes(11))
    assert files.read(tmp_path / "model.onnx", limit=11) == bytes(11)
    with pytest.raises(BundleFormatError, match=r"^model\.onnx: is larger than 10 bytes"):
        files.read(tmp_path / "model.onnx", limit=10)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")
def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    # The kernel says of its own files that they are empty, whatever they hold.
    with pytest.raises(BundleChecksumError, match=r"^status: changed while it was read"):
        files.read(Path("/proc/self/status"), limit=LIMIT)


@pytest.mark.parametrize("name", ["metadata.sig", "model.onnx", "more"])
def test_sizes_are_bounded_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(LIMIT)
    assert files.sizes(tmp_path, LIMIT) == {name: LIMIT}
    (tmp_path / "metadata.json").write_bytes(b"1")
    with pytest.raises(BundleFormatError, match=f"larger than MAX_BUNDLE_BYTES={LIMIT}; raise "):
        files.sizes(tmp_path, LIMIT)


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    for number in range(17):
        (tmp_path / f"file{number}").touch()
    with pytest.raises(BundleFormatError, match=r"^the bundle has more than 16 files"):
        files.sizes(tmp_path, LIMIT)


@pytest.mark.parametrize("name", [b"\xff", b"\xc3\xa4", b".hidden", b"a b", b"a\nb", b"-", b"'"])
def test_names_that_are_not_plain_are_refused_in_plain_text(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).touch()
    with pytest.raises(BundleUnsafeError, match=r"^a file is named ") as caught:
        files.sizes(tmp_path, LIMIT)
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
