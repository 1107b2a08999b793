"""What a registry names is fetched by commands as by servers: within bounds, from known places."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

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

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client


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


ELSEWHERE = ("mlflow-artifacts://127.0.0.1:1/x", "sftp://127.0.0.1/x", "http://127.0.0.1:99999/x")


def keep_file(client: "Client", experiment: str, folder: Path) -> None:
    run_id = client.create_run(experiment).info.run_id
    client.log_text(run_id, "a", "a.txt")


def keep_folder(client: "Client", experiment: str, folder: Path) -> None:
    run_id = client.create_run(experiment).info.run_id
    client.log_artifacts(run_id, str(folder))


def keep_model(client: "Client", experiment: str, folder: Path) -> None:
    model_id = client.create_logged_model(experiment).model_id
    client.log_model_artifacts(model_id, str(folder))


def look(client: "Client", experiment: str, folder: Path) -> None:
    client.has_file(client.create_logged_model(experiment).model_id, "data", folder.name)


@pytest.mark.parametrize("use", [keep_file, keep_folder, keep_model, look])
def test_no_stranger_is_sent_the_password(
    bare_client: "Client",
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    use: Callable[["Client", str, Path], None],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    (folder := tmp_path / "kept").mkdir()
    (folder / "a.txt").write_text("a")
    with running() as stranger:
        place = f"{stranger.uri}/api/2.0/mlflow-artifacts/artifacts/x"
        for number, at in enumerate((place, *ELSEWHERE)):
            experiment = bare_client.create_experiment(f"elsewhere {number}", at)
            with pytest.raises(RegistryError, match="names a place for files"):
                use(bare_client, experiment, folder)
        assert not stranger.heard
    use(bare_client, bare_client.create_experiment("here", (tmp_path / "own").as_uri()), folder)
