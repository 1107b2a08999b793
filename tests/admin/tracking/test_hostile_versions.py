"""What a registry names is fetched by commands as by servers: within bounds, from known places."""

import json
import os
from pathlib import Path
from typing import NoReturn

import pytest

from admin.base.errors import ExportError, RegistryError
from admin.base.settings import Settings
from admin.tracking import opening
from admin.tracking.bundle_folder import download
from admin.tracking.tags import DATA_PATH_TAG
from admin.tracking.training_command import data_file
from housing_grpc.base.errors import ServingError
from tests.registry.hostile_registry import Registry, answered, listed, running
from tests.support.examples import MODEL_NAME
from tests.support.homes import settings_of


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    folder = tmp_path / "fetched"
    folder.mkdir()
    return folder


def settings_at(server: Registry, tmp_path: Path) -> Settings:
    return settings_of(tmp_path, uri=server.uri)


def test_a_store_of_gigabytes_is_not_fetched(tmp_path: Path, fetched: Path) -> None:
    with running() as server:
        server.listing = listed(**{"metadata.json": 2, "junk": 2**34})
        with pytest.raises(ExportError, match="larger than MAX_BUNDLE_BYTES"):
            download(settings_at(server, tmp_path), 2, fetched)
        assert not server.asked.is_set()


def test_a_stranger_is_not_asked(tmp_path: Path, fetched: Path) -> None:
    with running() as server, running() as stranger:
        server.artifact_uri = f"{stranger.uri}/files"
        with pytest.raises(ExportError, match="neither the registry itself, nor a folder"):
            download(settings_at(server, tmp_path), 2, fetched)
        assert not stranger.heard


def test_another_bundle_than_was_registered_is_not_taken(tmp_path: Path, fetched: Path) -> None:
    with running() as server:
        with pytest.raises(ExportError, match="is not the one that was registered"):
            download(settings_at(server, tmp_path), 2, fetched)
        server.version = answered("..")
        with pytest.raises(ExportError, match="is not a bundle digest of 64 hexadecimal digits"):
            download(settings_at(server, tmp_path), 2, fetched)
        with pytest.raises(RegistryError, match="answers with another version"):
            download(settings_at(server, tmp_path), 3, fetched)


def test_data_without_end_are_none(tmp_path: Path) -> None:
    pipe, sparse = tmp_path / "pipe", tmp_path / "sparse"
    os.mkfifo(pipe)
    with sparse.open("wb") as file:
        file.truncate(2**40)
    for place in (pipe, sparse, Path("/dev/zero"), "a\0b", "x" * 5000):
        assert data_file("ab" * 32, {DATA_PATH_TAG: str(place)}) is None


def no_mlflow() -> NoReturn:
    raise AssertionError


def test_pages_without_end_are_not_read(tmp_path: Path) -> None:
    page = {"registered_model": {"name": MODEL_NAME}, "next_page_token": "more"}
    with (
        running() as server,
        opening.opened(settings_at(server, tmp_path), print, no_mlflow) as records,
    ):
        server.answer = (200, {}, json.dumps(page).encode())
        with pytest.raises(RegistryError, match="has more than 100 pages of 100 versions"):
            records.versions(MODEL_NAME)


def test_a_model_whose_id_is_half_a_character_has_no_answer(tmp_path: Path) -> None:
    with (
        running() as server,
        opening.opened(settings_at(server, tmp_path), print, no_mlflow) as records,
        pytest.raises(ServingError, match="not as MLflow does"),
    ):
        records.has_file("\ud800", "data", "metadata.json")
