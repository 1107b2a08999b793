"""A store that is away, full, hung or another's: outcomes wait, prices do not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc import StatusCode
from housing.v1 import feedback_pb2 as pb
from sqlalchemy import create_engine, update

from housing_grpc.base.errors import EXIT_SETTINGS
from housing_grpc.feedback import location
from housing_grpc.feedback.tables import SCHEMA
from tests.admin.small_disk import mounted
from tests.support.calls import HOUSE
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.outcomes import KEY, sealed
from tests.support.postgres import Postgres, running
from tests.support.processes import ended
from tests.support.serving import Serve
from tests.support.waiting import until

Keep = Callable[[str], Client]


@pytest.fixture
def keep(serve: Serve, linear: Example, tmp_path: Path) -> Keep:
    """Starts a server that keeps outcomes at a URL."""
    keys = tmp_path / "receipt.keys"
    keys.write_text(KEY.hex() + "\n")
    return lambda url: serve(linear.folder, feedback_url=url, receipt_keys_file=str(keys))


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, which it may stop."""
    with running() as found:
        yield found


def record(client: Client, text: str) -> Any:
    request = pb.RecordOutcomesRequest(items=[pb.Outcome(receipt=text, actual=21.0)])
    return client.feedback.RecordOutcomes(request, timeout=SECONDS).results[0].recorded


def recorded(client: Client, text: str) -> bool:
    """Whether an outcome could be recorded by now."""
    try:
        return bool(record(client, text))
    except Exception:  # noqa: BLE001 - asked again
        return False


def is_away(client: Client) -> None:
    """Outcomes cannot be recorded, and prices are served."""
    refused = failure(lambda: record(client, sealed()))
    assert (refused.code, reason_of(refused)) == (
        StatusCode.UNAVAILABLE.value[0],
        "FEEDBACK_UNAVAILABLE",
    )
    assert any(each.Is(RetryInfo.DESCRIPTOR) for each in refused.details)
    assert client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0


@pytest.mark.integration
def test_a_database_that_is_down_and_comes_back(keep: Keep, server: Postgres, events: Any) -> None:
    client, text = keep(server.new_database()), sealed()
    assert record(client, text) == pb.RECORDED_NEW
    server.daemon.stop()
    is_away(client)
    assert "a-password-of-the-tests" not in str(events.wait_for("feedback.unavailable"))
    is_away(client)
    server.daemon.start()
    until(lambda: recorded(client, text))
    assert record(client, text) == pb.RECORDED_SAME
    events.wait_for("feedback.available")


@pytest.mark.integration
def test_a_server_starts_before_its_database(keep: Keep, server: Postgres) -> None:
    url = server.new_database()
    server.daemon.stop()
    client = keep(url)
    is_away(client)
    server.daemon.start()
    until(lambda: recorded(client, sealed()))


@pytest.mark.integration
def test_a_database_that_hangs_holds_no_call_for_ever(keep: Keep, server: Postgres) -> None:
    client = keep(server.new_database())
    assert record(client, sealed()) == pb.RECORDED_NEW
    server.daemon.freeze(frozen=True)
    try:
        is_away(client)
    finally:
        server.daemon.freeze(frozen=False)
    until(lambda: recorded(client, sealed()))


def test_a_file_that_cannot_be_made(keep: Keep, tmp_path: Path) -> None:
    place = tmp_path / "later"
    place.write_text("a file where a folder should be")
    client = keep(f"sqlite:///{place}/feedback.db")
    is_away(client)
    place.unlink()
    until(lambda: recorded(client, sealed()))


def test_a_file_that_is_no_database(keep: Keep, tmp_path: Path) -> None:
    place = tmp_path / "feedback.db"
    place.write_bytes(b"no database" * 1000)
    is_away(keep(f"sqlite:///{place}"))


def test_a_disk_that_is_full(keep: Keep, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "2m") as disk:
        client, text = keep(f"sqlite:///{disk.folder}/feedback.db"), sealed()
        assert record(client, text) == pb.RECORDED_NEW
        disk.fill()
        until(lambda: not recorded(client, sealed()))
        is_away(client)
        disk.grow()
        until(lambda: recorded(client, sealed()))
        assert record(client, text) == pb.RECORDED_SAME


def test_two_servers_share_a_store(keep: Keep, url: str) -> None:
    first, second, text = keep(url), keep(url), sealed()
    assert record(first, text) == pb.RECORDED_NEW
    assert record(second, text) == pb.RECORDED_SAME
    labels = [
        sum(each.total_labels for each in client.feedback.GetQuality(pb.GetQualityRequest()).models)
        for client in (first, second)
    ]
    assert labels == [1, 1]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://u:canary@h/d", "FEEDBACK_URL: is no sqlite:///FILE or postgresql://"),
        ("canary", "FEEDBACK_URL: is no sqlite:///FILE or postgresql://"),
        ("sqlite://", "FEEDBACK_URL: names no file of SQLite"),
        ("sqlite:///:memory:", "FEEDBACK_URL: names no file of SQLite"),
        ("sqlite:////f?mode=canary", "FEEDBACK_URL: names no file of SQLite"),
        ("postgresql+asyncpg://u:canary@h/d", "FEEDBACK_URL: is no sqlite:///FILE"),
        ("postgresql://u:canary@h", "FEEDBACK_URL: lacks the host or the database"),
        ("postgresql://u:top@canary@h/d", "FEEDBACK_URL: is no sqlite:///FILE"),
        ("postgresql://u:canary@h:port/d", "FEEDBACK_URL: is no sqlite:///FILE"),
        ("postgresql://u:canary@h/d?options=-c%20x=1", "FEEDBACK_URL: has the parameter 'options'"),
    ],
)
def test_a_url_that_is_wrong_ends_the_start(linear: Example, url: str, message: str) -> None:
    code, out, err = ended(FEEDBACK_URL=url, BUNDLE_DIR=str(linear.folder), GRPC_PORT="0")
    assert (code, out) == (EXIT_SETTINGS, "")
    assert f"error: {message}" in err
    assert "canary" not in err.replace("mode=canary", "")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_tables_of_a_newer_release_end_the_start(
    linear: Example, keep: Keep, tmp_path: Path, workers: str
) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    record(keep(url), sealed())
    engine = create_engine(location.read(url))
    with engine.begin() as connection:
        connection.execute(update(SCHEMA).values(version=7))
    engine.dispose()
    code, _, err = ended(
        FEEDBACK_URL=url, BUNDLE_DIR=str(linear.folder), GRPC_PORT="0", WORKERS=workers
    )
    assert code == EXIT_SETTINGS
    assert "has version 7 of its tables" in err
