"""What is asked without MLflow has the answers that MLflow itself gives."""

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking._tracking_service import utils

from admin.base.errors import RegistryError
from admin.base.settings import Settings
from admin.tracking import embedded_store, opening
from admin.tracking.connection import connect
from admin.tracking.file_records import FileRecords
from admin.tracking.mlflow_client import Client
from admin.tracking.records import Records, moment
from admin.tracking.server_records import ServerRecords
from housing_grpc.registry.location import BUNDLE_FOLDER, DIGEST_TAG
from tests.support.homes import embedded, settings_of
from tests.support.mlflow_server import mlflow_server

NAMES = ("housing-price-model", "it's a märkli 100%_", "empty", "absent")
EXPERIMENTS = ("housing-prices", "other", "deleted", "absent")
METADATA = (BUNDLE_FOLDER, "metadata.json")


@dataclass(frozen=True, kw_only=True)
class Filled:
    """An MLflow that holds what is odd.

    Attributes:
        settings: Where it is.
        runs: Ids of runs, some of which there are not.
        models: Ids of logged models, some of which there are not.
    """

    settings: Settings
    runs: tuple[str, ...]
    models: tuple[str, ...]


@pytest.fixture(scope="module", params=["file", "server"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    home = tmp_path_factory.mktemp("filled")
    if request.param == "file":
        with embedded():
            yield fill(settings_of(home))
    else:
        embedded_store.prepare(settings_of(home), lambda _: None)
        with embedded(), mlflow_server(home) as uri:
            yield fill(settings_of(home, uri=uri))


def fill(settings: Settings) -> Filled:
    with connect(settings) as client:
        place = settings.home.as_uri() if settings.location.embedded else None
        first, other, deleted = (client.create_experiment(name, place) for name in EXPERIMENTS[:3])
        runs = [*fill_runs(client, first), *fill_runs(client, other)]
        client.delete_experiment(deleted)
        models = fill_models(client, first, settings.home)
        for name in NAMES[:2]:
            fill_versions(client, name, runs, models)
        client.create_registered_model(NAMES[2])
    absent = ("0" * 32, "nope", "7'", "../x", "m-7")
    return Filled(settings=settings, runs=(*runs, *absent), models=(*models, "m-7", "nope"))


def fill_runs(client: Client, experiment: str) -> list[str]:
    parent = client.create_run(experiment, tags={"kind": "experiment"}).info.run_id
    runs = [parent]
    # Of two moments, so that some runs began at the same one.
    for number, status in enumerate(("FINISHED", "FAILED", "KILLED", "RUNNING", "FINISHED")):
        tags = {"mlflow.parentRunId": parent, "note": "ü\t'\n", "bundle_model_id": "m-1"}
        run = client.create_run(experiment, start_time=1000 + number // 2, tags=tags).info.run_id
        client.log_param(run, "model", "linear" if number < 4 else "")
        client.log_param(run, "model.alpha", "a=1, 'b'")
        for name, value in (("rmse", 1.5), ("rmse", 2.5), ("nan", math.nan), ("inf", math.inf)):
            client.log_metric(run, name, value, step=int(value) if math.isfinite(value) else 0)
        if status != "RUNNING":
            client.set_terminated(run, status)
        runs.append(run)
    gone = client.create_run(experiment).info.run_id
    client.log_param(gone, "model", "linear")
    client.delete_run(gone)
    return [*runs, gone]


def fill_models(client: Client, experiment: str, folder: Path) -> list[str]:
    bundle = folder / "model" / BUNDLE_FOLDER
    bundle.mkdir(parents=True)
    (bundle / "metadata.json").write_text("{}")
    models = []
    for number in range(3):
        model = client.create_logged_model(experiment, name="model").model_id
        if number:
            client.log_model_artifacts(model, str(folder / "model"))
        models.append(model)
    client.delete_logged_model(models[2])
    # As another process sees it, which has not asked before.
    utils._artifact_repos_cache.clear()  # noqa: SLF001
    return models


def fill_versions(client: Client, name: str, runs: list[str], models: list[str]) -> None:
    client.create_registered_model(name)
    for number, tags in enumerate(
        ({DIGEST_TAG: "ab" * 32, "rmse": "good"}, {}, {"rmse": "1e0", "cv_rmse": "nan"}, {"x": ""})
    ):
        run = runs[number] if number < 3 else None
        model = models[1] if number < 2 else None
        source = f"models:/{model}" if model else "s3://nowhere/model"
        client.create_model_version(name, source, run, tags, description="ü " * 99, model_id=model)
    for alias, number in (("production", 2), ("Zweite", 2), ("a_b-1", 1), ("gone", 3)):
        client.set_registered_model_alias(name, alias, str(number))
    client.delete_model_version(name, "3")


def direct(settings: Settings) -> Any:
    def fail() -> Records:
        raise AssertionError

    return opening.opened(settings, lambda _: None, fail)


def questions(filled: Filled) -> list[tuple[Any, ...]]:
    """Returns all that can be asked: the name of a method, and its arguments."""
    hexadecimal = [run for run in filled.runs if len(run) == 32]
    texts = {run[:length] for run in hexadecimal for length in (1, 4, 31)} | {"0", "f"}
    return [
        *(("versions", name) for name in NAMES),
        *(("experiment", name) for name in EXPERIMENTS),
        *(("latest_runs", "1", limit) for limit in (1, 3, 1000)),
        *(("runs_beginning", "1", text, 3) for text in texts),
        *(("run", run) for run in filled.runs),
        *(("has_file", model, *METADATA) for model in filled.models),
    ]


def answers(records: Records, filled: Filled) -> dict[tuple[Any, ...], Any]:
    return {asked: getattr(records, asked[0])(*asked[1:]) for asked in questions(filled)}


def canonical(answer: Any) -> str:
    """Returns an answer as a text that is equal where it is, NaN included."""
    documents = json.dumps(answer, default=lambda each: getattr(each, "__dict__", str(each)))
    return json.dumps(json.loads(documents), sort_keys=True)


def test_answers_are_those_of_mlflow(filled: Filled) -> None:
    with connect(filled.settings) as client, direct(filled.settings) as records:
        kind = FileRecords if filled.settings.location.embedded else ServerRecords
        assert isinstance(records, kind)
        expected, found = answers(client, filled), answers(records, filled)
    for asked, answer in expected.items():
        assert (asked, canonical(found[asked])) == (asked, canonical(answer))
    # Something of each kind was there.
    assert all(len(expected["versions", name]) == 3 for name in NAMES[:2])
    assert len(expected["latest_runs", "1", 1000]) == 4
    assert [expected["has_file", each, *METADATA] for each in filled.models[:3]] == [
        False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("name", NAMES[:2])
def test_an_alias_is_moved_as_mlflow_does(filled: Filled, name: str) -> None:
    with connect(filled.settings) as client, direct(filled.settings) as records:
        for alias, number in (("new", 1), ("new", 4), ("production", 1), ("production", 1)):
            records.set_alias(name, alias, number)
            assert int(client.get_model_version_by_alias(name, alias).version) == number
        with pytest.raises(Exception, match=r"version 3 of|HTTP 404"):
            records.set_alias(name, "production", 3)
        assert int(client.get_registered_model(name).aliases["production"]) == 1
        client.set_alias(name, "production", 2)
        for alias in ("new", "gone"):
            client.delete_registered_model_alias(name, alias)
        assert records.versions(name) == client.versions(name)


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_tag_of_a_model_is_set_as_mlflow_does(filled: Filled, name: str) -> None:
    with connect(filled.settings) as client, direct(filled.settings) as records:
        for key, value in (("a.1", "ü\t'\n"), ("a.1", "x" * 5000), ("b", "")):
            records.set_model_tag(name, key, value)
            assert records.model_tags(name) == client.model_tags(name)
            assert client.model_tags(name)[key] == value
        assert records.model_tags("absent") == client.model_tags("absent") == {}
        with pytest.raises(Exception, match=r"just changed|HTTP 404"):
            records.set_model_tag("absent", "a", "")


@pytest.mark.parametrize("name", NAMES[:2])
def test_a_tag_of_a_version_is_set_as_mlflow_does(filled: Filled, name: str) -> None:
    with connect(filled.settings) as client, direct(filled.settings) as records:
        for key, value in (
            ("statement.production", "ü\t'\n"),
            ("statement.production", "x" * 5000),
        ):
            records.set_version_tag(name, 4, key, value)
            assert records.versions(name) == client.versions(name)
            assert client.get_model_version(name, "4").tags[key] == value
        client.delete_model_version_tag(name, "4", "statement.production")
        with pytest.raises(Exception, match=r"version 3 of|HTTP 404"):
            records.set_version_tag(name, 3, "a", "b")


def test_tables_that_were_changed_meanwhile_are_not_written_to(bare: Settings) -> None:
    file = bare.location.sqlite_file
    assert file is not None
    with connect(bare) as client:
        client.create_registered_model("m")
        client.create_model_version("m", "file:///nowhere")
    with direct(bare) as records:
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("UPDATE alembic_version SET version_num = 'newer'")
        with pytest.raises(RegistryError, match="version 1 of m was just changed; try again"):
            records.set_alias("m", "a", 1)
        with pytest.raises(RegistryError, match="m was just changed; try again"):
            records.set_model_tag("m", "a", "1")
        with pytest.raises(RegistryError, match="version 1 of m was just changed"):
            records.set_version_tag("m", 1, "a", "1")
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("SELECT * FROM registered_model_aliases").fetchall() == []


@pytest.mark.parametrize("milliseconds", [None, 10**17, -(10**17), 10**400])
def test_a_moment_beyond_all_years_is_none(milliseconds: int | None) -> None:
    assert moment(milliseconds).isoformat() == "1970-01-01T00:00:00+00:00"
