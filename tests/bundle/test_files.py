"""Reading files of a folder that changes under the reader's hands."""

import os
from pathlib import Path

import pytest

from housing_grpc.bundle import files
from housing_grpc.bundle.errors import BundleChecksumError, BundleFormatError, BundleUnsafeError


def test_a_link_is_seen_before_anything_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"elsewhere")
    (folder / "model.onnx").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleUnsafeError, match=r"model\.onnx: is not a plain file"):
        files.names(folder)


def test_a_file_that_has_become_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of somebody else")
    (tmp_path / "model.onnx").symlink_to(tmp_path / "secret")
    with pytest.raises(BundleUnsafeError, match=r"^model\.onnx: is not a plain file"):
        files.read(tmp_path / "model.onnx")


def test_a_file_that_has_become_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.onnx")
    with pytest.raises(BundleUnsafeError, match=r"^model\.onnx: is not a plain file"):
        files.read(tmp_path / "model.onnx")


def test_a_file_that_has_gone(tmp_path: Path) -> None:
    with pytest.raises(BundleChecksumError, match=r"^model\.onnx: vanished"):
        files.read(tmp_path / "model.onnx")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(bytes(11))
    assert files.read(tmp_path / "model.onnx", limit=11) == bytes(11)
    with pytest.raises(BundleFormatError, match=r"^model\.onnx: is larger than 10 bytes"):
        files.read(tmp_path / "model.onnx", limit=10)
