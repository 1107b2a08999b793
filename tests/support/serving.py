"""Real servers on free ports, and channels to them."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest
from housing.v1 import model_pb2, prediction_pb2

from housing_grpc.metrics.tracing import Tracing
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support import hosting
from tests.support.client import Client, client_of
from tests.support.examples import Example
from tests.support.waiting import SECONDS

Serve = Callable[..., Client]
Host = Callable[..., Client]
Fields = dict[str, Any]

PREDICTION = prediction_pb2.DESCRIPTOR.services_by_name["PredictionService"]
MODEL = model_pb2.DESCRIPTOR.services_by_name["ModelService"]


# Channels of a process share connections unless told not to.
ALONE = (("grpc.use_local_subchannel_pool", 1),)


def housing_server(
    stack: ExitStack, folder: Path, tracing: Tracing | None = None, **settings: Any
) -> HousingServer:
    """Returns a gRPC server that serves a bundle until the stack is left."""
    home = stack.enter_context(TemporaryDirectory())  # For the key of its receipts.
    chosen = {"grpc_port": 0, "bundle_dir": str(folder), "housing_home": home, **settings}
    server = HousingServer(Settings(**chosen), tracing)
    stack.callback(server.close, grace_seconds=0)
    server.start()
    return server


def connected(stack: ExitStack, port: int, *more: tuple[str, object]) -> Client:
    """Returns a client with a connection of its own, which ends with the stack."""
    address = f"127.0.0.1:{port}"
    channel = stack.enter_context(grpc.insecure_channel(address, (*ALONE, *more)))
    return client_of(channel, address)


@pytest.fixture
def serve(stack: ExitStack) -> Serve:
    """Starts servers: `serve(folder, **settings)` returns a client of one."""
    return lambda folder, **more: connected(stack, housing_server(stack, folder, **more).port)


@pytest.fixture
def host(stack: ExitStack) -> Host:
    """Puts servicers behind the real admission: `host(predictions, models)` returns a client.

    Predictions get one worker, models another.
    """

    def start(predictions: object, models: object | None = None) -> Client:
        given = [
            hosting.served(service, servicer, hosting.pool_of(stack, 1))
            for service, servicer in ((PREDICTION, predictions), (MODEL, models))
            if servicer is not None
        ]
        address = hosting.start(stack, *given, version=lambda: "version-7")
        return connected(stack, int(address.rpartition(":")[2]))

    return start


class Events(logging.Handler):
    """Keeps the events that the server logs, and lets a test wait for one."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Condition()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        with self._arrived:
            self.records.append(record)
            self._arrived.notify_all()

    def of(self, name: str) -> list[Fields]:
        """Gives the fields of each event of that name, so far."""
        return [vars(each)["fields"] for each in list(self.records) if each.msg == name]

    def wait_for(self, name: str) -> Fields:
        """Gives the fields of the first event of that name, once it is there."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.of(name), timeout=SECONDS)
        return self.of(name)[0]


@pytest.fixture
def events() -> Iterator[Events]:
    """What the server logs during the test."""
    handler = Events()
    logger = logging.getLogger("housing_grpc")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture
def connect(stack: ExitStack) -> Callable[[int], Client]:
    """Opens channels: `connect(port)` returns a client."""
    return lambda port: connected(stack, port)


@pytest.fixture(scope="session")
def client(linear: Example) -> Iterator[Client]:
    """A client of a server that serves the linear bundle throughout."""
    with ExitStack() as stack:
        yield connected(stack, housing_server(stack, linear.folder).port)
