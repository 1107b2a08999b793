"""A bundle folder as a source."""

import shutil
from pathlib import Path

import pytest

from housing_grpc.bundle.errors import BundleFormatError, BundleSignatureError
from housing_grpc.bundle.signature import Verifier
from housing_grpc.model.folder_source import FolderSource
from housing_grpc.model.source import Target
from tests.support.examples import Example


def test_what_is_wanted_is_what_lies_in_it(
    linear: Example, forest: Example, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(linear.folder, tmp_path / "live"))
    source = FolderSource(folder)
    assert source.wanted() == source.fetch(Target()).version == linear.version
    shutil.rmtree(folder)
    with pytest.raises(BundleFormatError, match="is not a folder"):
        source.wanted()
    shutil.copytree(forest.folder, folder)
    (folder / "model.onnx").unlink()
    # Whether it is whole is not looked at.
    assert source.wanted() == forest.version


def test_one_that_must_be_signed_and_is_not(linear: Example, tmp_path: Path) -> None:
    source = FolderSource(linear.folder, Verifier(tmp_path / "keys"))
    assert source.wanted() == linear.version
    with pytest.raises(BundleSignatureError, match="is missing"):
        source.fetch(Target())
