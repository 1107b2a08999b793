"""An alias that was moved beside the commands: the server serves what it names, and says so."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from housing_grpc.model.source import Target
from housing_grpc.registry import fetch_child, history
from tests.registry.asking import source_of
from tests.registry.hostile_registry import Registry, serve_bundle
from tests.support import homes
from tests.support.examples import MODEL_NAME, Example
from tests.support.homes import Trained
from tests.support.mlflow_server import mlflow_server
from tests.support.registry_server import info, reload, started
from tests.support.serving import Events

if TYPE_CHECKING:
    from admin.tracking.mlflow_client import Client

EVENT = "alias.moved_by_hand"
LOOK = "/registered-models/get"


def written(sequence: int, to_version: object, **changed: object) -> dict[str, str]:
    """Returns the tag of an entry."""
    entry = {"alias": "production", "to_version": to_version, "outcome": "done", **changed}
    return {f"audit.{sequence:06d}.0123abcd": json.dumps(entry)}


@pytest.fixture(params=["file", "server"])
def client(
    request: pytest.FixtureRequest, trained: Trained, tmp_path: Path, stack: ExitStack
) -> "Iterator[Client]":
    """A real MLflow with two versions, of which 1 is promoted."""
    from admin.tracking.connection import connect
    from admin.tracking.promotion import promote
    from admin.tracking.registry import register

    stack.enter_context(homes.embedded())
    settings = homes.copy(trained.home, tmp_path / "home")
    if request.param == "server":
        shutil.copyfile(settings.home / "mlflow.db", tmp_path / "mlflow.db")
        uri = stack.enter_context(mlflow_server(tmp_path))
        settings = homes.settings_of(settings.home, uri=uri)
    with connect(settings) as client:
        register(client, settings.location, trained.run_id)
        (first,) = client.versions(MODEL_NAME)
        model_id = first.source.removeprefix("models:/")
        client.create_model_version(
            MODEL_NAME, first.source, first.run_id, dict(first.tags), model_id=model_id
        )
        promote(client, settings.location, 1)
        yield client


def test_it_is_said_once_and_served(
    client: "Client", tmp_path: Path, stack: ExitStack, events: Events
) -> None:
    from admin.tracking.promotion import promote

    uri = client.tracking_uri
    server = started(stack, uri, tmp_path / "server")
    assert events.of(EVENT) == []
    client.set_alias(MODEL_NAME, "production", 2)
    assert reload(server).version == "2"
    said = {"alias": "production", "version": "2", "entry": 1, "history_version": "1"}
    assert events.of(EVENT) == [said]
    reload(server)
    reload(server, version="1")
    assert events.of(EVENT) == [said]
    promote(client, homes.settings_of(tmp_path, uri=uri).location, 1)
    assert reload(server).version == "1"
    client.set_registered_model_tag(MODEL_NAME, "audit.000009.0123abcd", "no entry")
    client.set_alias(MODEL_NAME, "production", 2)
    assert reload(server).version == "2"
    assert events.of(EVENT) == [said]
    assert info(server).version == "2"


def test_a_start_says_so_too(
    client: "Client", tmp_path: Path, stack: ExitStack, events: Events
) -> None:
    client.set_alias(MODEL_NAME, "production", 2)
    started(stack, client.tracking_uri, tmp_path / "server")
    (said,) = events.of(EVENT)
    assert (said["version"], said["history_version"]) == ("2", "1")


def test_one_question_more_for_each_version(
    registry: Registry, linear: Example, tmp_path: Path, events: Events
) -> None:
    serve_bundle(registry, linear.folder)
    registry.tags = written(1, 2) | written(2, 7)
    source = source_of(registry.uri, tmp_path / "bundles")
    for looks in (1, 1):
        assert source.fetch(Target()).version == "2"
        assert [path.endswith(LOOK) for path in registry.paths].count(True) == looks
    source.fetch(Target(version="2"))
    source.wanted()
    assert [path.endswith(LOOK) for path in registry.paths].count(True) == 1
    assert [each["history_version"] for each in events.of(EVENT)] == ["7"]


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"audit.1": "x", "note": "x"},
        written(1, 7) | written(2, 2),
        written(1, 7) | written(2, 2, outcome="pending"),
        written(1, 7, alias="staging"),
        written(1, 7, outcome="void"),
        # Not as this release writes them: nothing is known, so nothing is said.
        written(1, 7) | written(2, "2"),
        written(1, 7) | written(2, True),
        written(1, 10**30),
        written(1, 7) | {"audit.000002.0123abcd": "[" * 10**5},
        written(1, 7) | {"audit.000002.0123abcd": "[]"},
    ],
    ids=lambda tags: str(tags)[:60],
)
def test_nothing_is_said_where_nothing_is_known(
    registry: Registry, linear: Example, tmp_path: Path, events: Events, tags: dict[str, str]
) -> None:
    serve_bundle(registry, linear.folder)
    registry.tags = tags
    assert source_of(registry.uri, tmp_path / "bundles").fetch(Target()).version == "2"
    assert registry.paths[-1].endswith(LOOK)
    assert events.of(EVENT) == []


def test_a_history_that_does_not_come_fails_no_reload(
    registry: Registry, linear: Example, tmp_path: Path, events: Events
) -> None:
    serve_bundle(registry, linear.folder)
    registry.tags, registry.silent = written(1, 7), LOOK
    assert source_of(registry.uri, tmp_path / "bundles").fetch(Target()).version == "2"
    assert registry.paths[-1].endswith(LOOK)
    assert events.of(EVENT) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("note", "x", {"entry": 1, "version": 7}),
        (b"note", "x", None),
        ("audit.000002.0123abcd", b"\xff", None),
    ],
)
def test_a_file_in_which_anything_may_stand(
    sqlite: Path, key: object, value: object, said: dict[str, int] | None
) -> None:
    with closing(sqlite3.connect(sqlite)) as database, database:
        database.executemany(
            "INSERT INTO registered_model_tags (workspace, name, key, value)"
            " VALUES ('default', ?, ?, ?)",
            [(MODEL_NAME, *pair) for pair in (*written(1, 7).items(), (key, value))],
        )
    wanted = {"name": MODEL_NAME, "alias": "production"}
    request = {"tracking_uri": f"sqlite:///{sqlite}", "wanted": wanted, "tell_unless": ""}
    found = {"version": "2", "digest": "0" * 64}
    assert fetch_child.beside(request, found).get("by_hand") == said


def test_entries_are_in_the_order_of_their_places() -> None:
    found = history.read(written(1_000_000, 3) | written(999_999, 2) | written(2, 1))
    assert found is not None
    assert [each.to_version for each in found] == [1, 2, 3]
