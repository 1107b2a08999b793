"""A server whose registry is not there, or never answers."""

import shutil
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.base.errors import Reason, ServingError, StartError
from housing_grpc.model.child_processes import Children
from housing_grpc.model.source import Fetched, Target
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.registry.registry_source import RegistrySource
from tests.support.client import SECONDS, Client, failure, refusal
from tests.support.errors import raised
from tests.support.examples import MODEL_NAME, Example
from tests.support.homes import Trained, copy, embedded
from tests.support.registry_server import info, refused, reload, server_of, started
from tests.support.serving import Events
from tests.support.waiting import until

Connect = Callable[[int], Client]


@pytest.mark.parametrize("uri", ["", "sqlite+pysqlite:///{home}/mlflow.db?timeout=5"])
def test_no_registry_yet(tmp_path: Path, uri: str) -> None:
    assert str(refused(uri.format(home=tmp_path), tmp_path)) == (
        "no model to serve: there is no registry yet; "
        "`housing-admin seed` makes one with a first model"
    )
    assert not (tmp_path / "mlflow.db").exists()


@pytest.fixture
def black_hole() -> Iterator[socket.socket]:
    """A registry that accepts connections and never answers, until it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def location_of(uri: str) -> RegistryLocation:
    return RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")


def uri_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_registry_that_never_answers_costs_no_more_than_its_budget(
    linear: Example, tmp_path: Path, black_hole: socket.socket, stack: ExitStack
) -> None:
    cache = BundleCache(tmp_path / "bundles")
    folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
    where = RegistryLocation(
        tracking_uri=uri_of(black_hole), model_name=MODEL_NAME, alias="production"
    )
    cache.remember(where, Fetched(folder=folder, version="7", digest=linear.digest))
    client = started(stack, uri_of(black_hole), tmp_path, seconds=1.5)
    before = info(client)
    assert (before.stale, before.version) == (True, "7")
    assert failure(lambda: reload(client)) == refusal(
        StatusCode.UNAVAILABLE,
        "REGISTRY_UNAVAILABLE",
        "the registry or its store did not deliver within 1.5 s, which"
        " REGISTRY_TIMEOUT_SECONDS sets",
        retry_seconds=5,
    )
    assert info(client) == before


def test_a_stale_start_is_ended_unasked(
    linear: Example, tmp_path: Path, stack: ExitStack, trained: Trained
) -> None:
    home = tmp_path / "home"
    settings = copy(trained.home, home)
    registry = home / "mlflow.db"
    with embedded():
        from admin.tracking.connection import connect
        from admin.tracking.promotion import promote
        from admin.tracking.registry import register

        with connect(settings) as client:
            register(client, settings.location, trained.run_id)
            promote(client, settings.location, 1)
    cache = BundleCache(home / "bundles")
    folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
    cache.remember(settings.location, Fetched(folder=folder, version="7", digest=linear.digest))
    good = registry.read_bytes()
    registry.write_bytes(b"no database at all" * 100)
    # As long as it takes until it is tried again.
    server = started(stack, settings.location.tracking_uri, home, seconds=20)
    assert (info(server).stale, info(server).version) == (True, "7")
    registry.write_bytes(good)
    until(lambda: not info(server).stale)
    assert info(server).version == "1"


def test_calls_before_the_first_model_are_told_to_come_back(
    tmp_path: Path, connect: Connect, black_hole: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A variable of MLflow's own does not lead it to another registry than the one in the settings.
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", f"sqlite:///{tmp_path}/other.db")
    server = server_of(uri_of(black_hole), tmp_path)
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(server.start)
        client = connect(server.port)
        request = PredictRequest(house=House(rm=6))
        expected = refusal(
            StatusCode.UNAVAILABLE,
            "MODEL_NOT_READY",
            "the first model is still loading",
            retry_seconds=1,
        )
        call = client.predictions.Predict
        for ask in (
            lambda: call(request, timeout=SECONDS, wait_for_ready=True),
            lambda: info(client),
            lambda: reload(client),
        ):
            assert failure(ask) == expected
        assert not starting.done()
        black_hole.close()
        with pytest.raises(StartError, match="the registry does not answer"):
            starting.result()
    server.close(grace_seconds=0)


def test_a_fetch_that_crashes_counts_as_a_registry_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nkill -SEGV $$\n")
    interpreter.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(interpreter))
    source = RegistrySource(
        location_of("http://nowhere"), tmp_path / "bundles", seconds=30, children=Children()
    )
    error = raised(ServingError, source.fetch, Target())
    assert error.reason is Reason.REGISTRY_UNAVAILABLE
    assert error.message == "the process that fetches bundles crashed"
    assert error.retry_seconds == 5
    assert len(events.of("fetch.crashed")) == 1
