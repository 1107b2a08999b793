"""Calls that have ended before they are looked at: by the 100,000, and not kept without end."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hyperframe.frame import HeadersFrame, RstStreamFrame, SettingsFrame

from tests.http2.conftest import SECONDS
from tests.http2.frames import PREFACE, Connection, raw
from tests.support.examples import Example
from tests.support.ports import free_port
from tests.support.processes import memory_mib, serving

CALLS, OF_A_CONNECTION = 100_000, 250
CANCEL, END_HEADERS = 8, 4
# Without a bound, each call takes 14 KB: 1.4 GB.
MOST_MIB = 700
NO_METHOD = "/of.no/method"


def calls(connection: Connection, count: int, *, reset: bool) -> bytes:
    """Returns the frames of calls."""
    made = bytearray()
    # To compress the same headers a second time gives the same bytes ever after.
    block = connection.block(path=NO_METHOD)
    for stream in range(1, 2 * count, 2):
        made += raw(HeadersFrame.type, END_HEADERS, stream, block)
        made += RstStreamFrame(stream, CANCEL).serialize() if reset else b""
        block = connection.block(path=NO_METHOD) if stream == 1 else block
    return bytes(made)


def on_one_connection(port: int) -> None:
    """Makes calls and resets each at once, on one connection (CVE-2023-44487)."""
    with Connection(port) as connection:
        connection.greet().agree()
        made, last = calls(connection, CALLS, reset=True), 2 * CALLS + 1
        # Until the last one is answered, or refused. Nobody else would take what is sent meanwhile.
        listening = threading.Thread(target=connection.listen, args=(last,))
        listening.start()
        connection.send(made, connection.headers(last, "END_STREAM", path=NO_METHOD))
        listening.join()


def on_many_connections(port: int) -> None:
    """Makes as many calls as a connection may have, and breaks it off, again and again."""
    with Connection(port) as connection:
        made = calls(connection, OF_A_CONNECTION, reset=False)
    for _ in range(CALLS // OF_A_CONNECTION):
        connection = Connection(port)
        connection.send(PREFACE, SettingsFrame(), made)
        connection.listen(seconds=0.002)
        connection.reset()


FLOODS: list[Callable[[int], None]] = [on_one_connection, on_many_connections]


def is_answered(port: int) -> bool:
    """Whether a new caller is answered, though not at the first try."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        options = (("grpc.use_local_subchannel_pool", 1),)
        with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
            with suppress(grpc.RpcError):
                answer = check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
    return False


@pytest.mark.parametrize("port_of", ["calls", "probes"])
@pytest.mark.parametrize("flood", FLOODS)
def test_reset_calls_are_not_kept(
    linear: Example, flood: Callable[[int], None], port_of: str
) -> None:
    probes = free_port()
    with serving(linear.folder, HEALTH_PORT=str(probes)) as process:
        port = int(process.event("server.serving")["port"])
        flooded = port if port_of == "calls" else probes
        flood(flooded)
        assert is_answered(flooded)
        assert memory_mib(process.popen.pid, "VmHWM") < MOST_MIB
        process.signal(signal.SIGTERM)
        assert process.end()[0] == 0
