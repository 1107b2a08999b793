"""Metadata beyond the limit, from callers who do not acknowledge it: of every service and port."""

from contextlib import ExitStack

import pytest
from hyperframe.frame import ContinuationFrame, HeadersFrame

from tests.http2.frames import PREDICT, Connection, data, message
from tests.support.calls import HOUSE, port_of
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.reflection import PACKAGES
from tests.support.serving import Serve

RESOURCE_EXHAUSTED = "8"
HEALTH = [f"/grpc.health.v1.Health/{name}" for name in ("Check", "List", "Watch")]
REFLECTION = [f"/{package}.ServerReflection/ServerReflectionInfo" for package in PACKAGES]
# Each takes a byte on the wire once it is known, and some hundred in the server.
LITTLE = ("a", "")
ENTRIES = 12_000


def status_of(connection: Connection, path: str) -> str:
    """Calls with many names and empty values; returns how the call ends."""
    connection.greet().send(HeadersFrame(1, data=connection.block(path=path)))
    entries = connection.encode([LITTLE] * ENTRIES)
    connection.send(ContinuationFrame(1, data=entries, flags=["END_HEADERS"]))
    content = message(HOUSE.SerializeToString() if path == PREDICT else b"")
    connection.send(data(1, content))
    heard = connection.listen(1)
    # A call that is refused before its message has come is reset, too, once it has its status.
    return heard.headers.get(1, {}).get("grpc-status", "") or heard.status(1)


@pytest.mark.parametrize(
    ("path", "on_probes"),
    [(path, False) for path in (PREDICT, *HEALTH, *REFLECTION)] + [(path, True) for path in HEALTH],
)
def test_too_much_is_refused(
    serve: Serve, linear: Example, path: str, on_probes: bool, stack: ExitStack
) -> None:
    probes = free_port()
    client = serve(linear.folder, health_port=probes)
    connection = stack.enter_context(Connection(probes if on_probes else port_of(client)))
    assert status_of(connection, path) == RESOURCE_EXHAUSTED
