"""A registry that swallows what it is sent: reloads fail in time, predictions do not."""

import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from grpc import StatusCode
from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from housing_grpc.source import Fetched
from tests.examples import MODEL_NAME, Example
from tests.server.registry_server import info, reload, started
from tests.server.wire import SECONDS, Client, failure, refusal

# Longer than the import of MLflow takes, so that it is the registry that is waited for.
BUDGET = 6.0
CALLERS = 4


@contextmanager
def accepting() -> Iterator[int]:
    """Accepts connections and never answers; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dropping() -> Iterator[int]:
    """Drops every packet, for its queue of connections is full; gives the port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture(params=[accepting, dropping])
def client(request: pytest.FixtureRequest, linear: Example, tmp_path: Path) -> Iterator[Client]:
    """A client of a server whose registry is a black hole, and which has a model all the same."""
    with request.param() as port, ExitStack() as stack:
        uri = f"http://127.0.0.1:{port}"
        cache = BundleCache(tmp_path / "bundles")
        folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
        where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
        cache.remember(where, Fetched(folder=folder, version="7", digest=linear.digest))
        yield started(stack, uri, tmp_path, seconds=BUDGET)


def calls_until(client: Client, ended: threading.Event) -> int:
    """Calls until the end; every call must succeed."""
    calls = 0
    while not ended.is_set():
        client.predictions.Predict(PredictRequest(house=House(rm=6)), timeout=SECONDS)
        calls += 1
    return calls


def test_registry_blackholed_while_predictions_run(client: Client) -> None:
    before, ended = info(client), threading.Event()
    assert (before.stale, before.version) == (True, "7")
    expected = refusal(
        StatusCode.UNAVAILABLE,
        "REGISTRY_UNAVAILABLE",
        f"the registry or its store did not deliver within {BUDGET:g} s",
        retry_seconds=5,
    )
    with ThreadPoolExecutor(CALLERS) as callers:
        running = [callers.submit(calls_until, client, ended) for _ in range(CALLERS)]
        try:
            status = failure(lambda: reload(client))
        finally:
            ended.set()
        assert all(each.result() for each in running)
    assert status == expected
    assert info(client) == before
