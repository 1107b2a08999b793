"""Registries that swallow what they are sent, and servers that once heard from one."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from housing.v1.prediction_pb2 import House, PredictRequest

from housing_grpc.model.source import Fetched
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import RegistryLocation
from tests.support.client import SECONDS, Client
from tests.support.examples import MODEL_NAME, Example


@contextmanager
def accepting() -> Iterator[int]:
    """Accepts connections and never answers; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def dropping() -> Iterator[int]:
    """Drops every packet, for its queue of connections is full; yields the port."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.setblocking(False)
            queued.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def remembered(linear: Example, home: Path, uri: str) -> None:
    """Leaves what a server of that registry leaves when it has served."""
    cache = BundleCache(home / "bundles")
    folder = Path(shutil.copytree(linear.folder, cache.path(linear.digest)))
    where = RegistryLocation(tracking_uri=uri, model_name=MODEL_NAME, alias="production")
    cache.remember(where, Fetched(folder=folder, version="7", digest=linear.digest))


def calls_until(client: Client, ended: threading.Event) -> int:
    """Calls until the end, and returns how often; every call must succeed."""
    calls = 0
    while not ended.is_set():
        client.predictions.Predict(PredictRequest(house=House(rm=6)), timeout=SECONDS)
        calls += 1
    return calls
