"""Downloads that would fill the disk: each is cut, and whatever ends it, nothing of it stays."""

import gzip
import io
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Target
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.registry.hostile_registry import DIGEST, Registry, listed, running
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME

LIMIT = 2**21
SECONDS = 120
TOO_LARGE = (
    f"the bundle is larger than MAX_BUNDLE_BYTES={LIMIT}; raise that, or train fewer or smaller"
    " trees"
)
MIB = bytes(2**20)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as registry:
        yield registry


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "bundles"


def source_of(uri: str, cache: Path, children: Children) -> RegistrySource:
    where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
    return RegistrySource(where, cache, SECONDS, children=children, max_bytes=LIMIT)


def refusal(uri: str, cache: Path) -> ServingError:
    error = raised(ServingError, source_of(uri, cache, Children()).fetch, Target())
    assert list(cache.iterdir()) == []
    return error


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A version in an embedded registry; gives the folder of its bundle in the store."""
    from admin.base import mlflow_environment

    mlflow_environment.configure()
    from mlflow import MlflowClient

    uri, model = f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "model"
    folder = model / "data" / "bundle"
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text("{}")
    client = MlflowClient(uri, uri)
    client.create_registered_model(MODEL_NAME)
    client.create_model_version(MODEL_NAME, str(model), tags={"bundle_digest": DIGEST})
    client.set_registered_model_alias(MODEL_NAME, "production", "1")
    return folder


def test_a_file_of_ten_gigabytes_is_not_fetched(local: Path, tmp_path: Path, cache: Path) -> None:
    with (local / "model.onnx").open("wb") as file:
        file.truncate(10 * 2**30)
    for _ in range(2):
        error = refusal(f"sqlite:///{tmp_path / 'mlflow.db'}", cache)
        assert (error.reason, error.message) == (Reason.BUNDLE_FORMAT, TOO_LARGE)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random"])
def test_a_link_to_a_device_is_not_followed(
    local: Path, tmp_path: Path, cache: Path, device: str
) -> None:
    (local / "model.onnx").symlink_to(device)
    error = refusal(f"sqlite:///{tmp_path / 'mlflow.db'}", cache)
    assert error.reason is Reason.BUNDLE_UNSAFE


def test_a_pipe_does_not_hang(local: Path, tmp_path: Path, cache: Path) -> None:
    os.mkfifo(local / "model.onnx")
    error = refusal(f"sqlite:///{tmp_path / 'mlflow.db'}", cache)
    assert error.reason is Reason.BUNDLE_UNSAFE


def endless() -> Iterator[bytes]:
    while True:
        yield MIB


def test_a_store_that_lies_about_sizes_is_cut(registry: Registry, cache: Path) -> None:
    registry.content = lambda _: endless()
    for _ in range(2):
        error = refusal(registry.uri, cache)
        assert (error.reason, error.message) == (Reason.BUNDLE_FORMAT, TOO_LARGE)


def test_all_files_together_are_bounded(registry: Registry, cache: Path) -> None:
    registry.listing = listed(**{f"file{number}": 1 for number in range(16)})
    registry.content = lambda _: [MIB[: LIMIT // 8]]
    error = refusal(registry.uri, cache)
    assert (error.reason, error.message) == (Reason.BUNDLE_FORMAT, TOO_LARGE)


LISTINGS = {
    "too many bytes": (listed(a=LIMIT, b=1), "BUNDLE_FORMAT", TOO_LARGE),
    "a name": (listed(däta=1), "BUNDLE_UNSAFE", r"a file is named 'd\xe4ta'; "),
    "a folder": (
        {"files": [{"path": "more", "is_dir": True}]},
        "BUNDLE_UNSAFE",
        "more: is not a plain file",
    ),
    "nothing": ({"files": []}, "BUNDLE_CHECKSUM", "version 2 holds no bundle"),
    "a path": (
        {"files": [{"path": "../../x", "is_dir": False}]},
        "BUNDLE_UNSAFE",
        "a file is named '../../x'; ",
    ),
    "no listing": (b"[" * 100_000, "REGISTRY_UNAVAILABLE", "the artifact store does not answer"),
}


@pytest.mark.parametrize("what", LISTINGS)
def test_a_listing_is_checked_before_anything_is_downloaded(
    registry: Registry, cache: Path, what: str
) -> None:
    registry.listing, reason, text = LISTINGS[what]
    error = refusal(registry.uri, cache)
    assert error.reason == reason
    assert text in error.message
    assert not registry.asked.is_set()


def test_a_version_whose_model_was_deleted_has_no_bundle(registry: Registry, cache: Path) -> None:
    registry.artifact_uri = "models:/m-00000000000000000000000000000000"
    error = refusal(registry.uri, cache)
    assert error.reason is Reason.BUNDLE_CHECKSUM
    assert "model is not there, or no more; promote another, `housing-admin" in error.message


def test_a_folder_that_is_not_there_is_no_store_that_does_not_answer(
    registry: Registry, cache: Path, tmp_path: Path
) -> None:
    registry.artifact_uri = (tmp_path / "nowhere").as_uri()
    error = refusal(registry.uri, cache)
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert error.message == (
        "the folder of the version's files is not there: mount its disk, or promote another,"
        " `housing-admin models` lists what there is"
    )


def bomb() -> bytes:
    """A gigabyte of a listing in a megabyte, of which libraries make several."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for _ in range(2**10):
            file.write(MIB)
    return packed.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory")
def test_a_listing_that_takes_all_memory(registry: Registry, cache: Path) -> None:
    registry.listing = bomb()
    error = refusal(registry.uri, cache)
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    # In KiB, the most that any child of this process has taken.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1.5 * 2**20


def stalled(ended: threading.Event) -> Iterator[bytes]:
    yield MIB
    ended.wait(SECONDS)


@pytest.mark.parametrize("how", ["killed", "stopped", "too slow"])
def test_however_the_download_ends_nothing_of_it_stays(
    registry: Registry, cache: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    registry.content = lambda _: stalled(ended)
    communicate = subprocess.Popen.communicate

    def once_it_downloads(
        child: Any, document: bytes | None = None, timeout: float | None = None
    ) -> Any:
        if document is None:  # It has been killed.
            return communicate(child)
        child.stdin.write(document)
        child.stdin.close()
        child.stdin = None
        assert registry.asked.wait(SECONDS)
        if how == "killed":
            os.kill(child.pid, signal.SIGKILL)
        elif how == "stopped":
            children.stop()
        return communicate(child, timeout=0.2 if how == "too slow" else SECONDS)

    monkeypatch.setattr(subprocess.Popen, "communicate", once_it_downloads)
    for _ in range(2):
        registry.asked.clear()
        children = Children()
        error = raised(ServingError, source_of(registry.uri, cache, children).fetch, Target())
        expected = Reason.SERVER_STOPPING if how == "stopped" else Reason.REGISTRY_UNAVAILABLE
        assert error.reason is expected
        assert list(cache.iterdir()) == []
    ended.set()
