"""Connections without calls: they end, and while they last, probes have a port of their own."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from housing.v1.prediction_pb2 import House, HouseRows, PredictStreamRequest

from tests.http2.frames import Connection, data, message
from tests.support.calls import HOUSE, port_of
from tests.support.client import SECONDS, Client
from tests.support.examples import Example
from tests.support.health import SERVING, check
from tests.support.ports import free_port
from tests.support.processes import started
from tests.support.serving import Serve

Connect = Callable[[int], Client]

CHUNK = PredictStreamRequest(rows=HouseRows(items=[House(rm=6)]))
IDLE = 2.0
MANY = 100
FEW_FILES = 64


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("port", ["calls", "health"])
def test_a_connection_without_a_call_is_ended(
    serve: Serve, linear: Example, calls: int, port: str
) -> None:
    health_port = free_port()
    client = serve(linear.folder, connection_idle_seconds=IDLE, health_port=health_port)
    path = "/grpc.health.v1.Health/Check"
    with Connection(health_port if port == "health" else port_of(client)) as connection:
        connection.greet().agree()
        for stream in range(1, 2 * calls, 2):
            connection.send(connection.headers(stream, path=path), data(stream, message(b"")))
            assert connection.listen(stream).status(stream) == "0"
        # It answers pings all the time.
        connection.listen(seconds=SECONDS)
        assert connection.heard.refused
    # A client that was idle goes on without noticing.
    assert client.predictions.Predict(HOUSE, timeout=SECONDS).prediction > 0


def test_a_connection_with_a_quiet_stream_goes_on(serve: Serve, linear: Example) -> None:
    client = serve(linear.folder, connection_idle_seconds=IDLE)
    more, over = threading.Event(), threading.Event()

    def chunks() -> Iterator[PredictStreamRequest]:
        yield CHUNK
        more.wait(SECONDS)
        yield CHUNK
        over.wait(SECONDS)

    stream = client.predictions.PredictStream(chunks(), timeout=SECONDS)
    assert next(stream).chunk.rows.items
    with Connection(port_of(client)) as idle:
        idle.greet().agree().listen(seconds=SECONDS)
        assert idle.heard.refused
    more.set()
    assert next(stream).chunk.rows.items
    over.set()


def test_probes_are_answered_while_all_connections_are_taken(
    linear: Example, connect: Connect
) -> None:
    health_port = free_port()
    # As many files as most shells allow, to scale: fewer than there may be connections.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limited = (
        "import resource, runpy; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW_FILES}, {hard})); "
        "runpy.run_module('housing_grpc', run_name='__main__')"
    )
    variables = {
        "BUNDLE_DIR": str(linear.folder), "GRPC_PORT": "0", "HEALTH_PORT": str(health_port),
        "MAX_CONNECTIONS": str(MANY), "LOG_FORMAT": "json", "DRAIN_SECONDS": "0",
    }  # fmt: skip
    with started(["-c", limited], **variables) as process, ExitStack() as stack:
        port = process.event("server.serving")["port"]
        held = [stack.enter_context(Connection(port)).greet() for _ in range(MANY)]
        for connection in held:
            connection.agree()
        with Connection(port) as another:
            assert another.greet().listen(seconds=SECONDS).closed
        assert check(connect(health_port)).status == SERVING
