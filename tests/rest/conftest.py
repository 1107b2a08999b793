"""Real proxies in front of real gRPC servers, all on free ports."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from housing_grpc.rest.server import RestServer
from housing_grpc.rest.settings import Settings
from tests.rest.atlas import generate
from tests.rest.scripted import Scripted
from tests.support import waiting
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.serving import connected, housing_server

SECONDS = waiting.SECONDS

Start = Callable[..., httpx.Client]


class Loop:
    """An event loop in a thread, on which proxies run."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    @contextmanager
    def running(self, server: RestServer) -> Iterator[None]:
        """Serves for as long as it is entered."""
        served = asyncio.run_coroutine_threadsafe(server.serve(), self._loop)
        try:
            yield
        finally:
            server.stop()
            served.result(SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@contextmanager
def proxied(loop: Loop, target: str, **settings: object) -> Iterator[httpx.Client]:
    """Gives a client of a proxy to a gRPC server."""
    chosen = {
        "api_port": 0, "grpc_target": target, "api_grace_seconds": 1.0,
        # A machine that is slow for a moment is no server that does not answer.
        "api_connect_timeout_seconds": 30, **settings,
    }  # fmt: skip
    server = RestServer(Settings(**chosen))  # type: ignore[arg-type]
    url = f"http://127.0.0.1:{server.port}"
    with loop.running(server), httpx.Client(base_url=url, timeout=SECONDS) as client:
        yield client


@pytest.fixture
def start(loop: Loop, stack: ExitStack) -> Start:
    """Starts proxies: `start(target, **settings)` returns a client of one."""
    return lambda target, **settings: stack.enter_context(proxied(loop, target, **settings))


@pytest.fixture(scope="session")
def housing(linear: Example) -> Iterator[Client]:
    """A gRPC client of a server that serves the linear bundle throughout."""
    with ExitStack() as stack:
        yield connected(stack, housing_server(stack, linear.folder).port)


@pytest.fixture(scope="session")
def rest(loop: Loop, housing: Client) -> Iterator[httpx.Client]:
    """An HTTP client of a proxy to that server."""
    with proxied(loop, housing.address) as client:
        yield client


@pytest.fixture(scope="session")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The messages of a contract that the proxy has never seen."""
    return generate(tmp_path_factory.mktemp("atlas"))


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A gRPC server that answers as the test says."""
    with Scripted() as server:
        yield server
