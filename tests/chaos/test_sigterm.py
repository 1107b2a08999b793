"""SIGTERM at the worst moments: what was begun is finished, and the process ends in time.

That it ends with 0 says that it ended in time: two seconds after its grace it ends itself
with 1.
"""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import (
    House,
    HouseRows,
    PredictRequest,
    PredictResponse,
    PredictStreamRequest,
)

from housing_grpc.base.errors import EXIT_PORT
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving
from tests.support.serving import connected
from tests.support.slow_callers import headers_only
from tests.support.waiting import until
from tests.workers.conftest import children

IN_FLIGHT = 50
GRACE_SECONDS = 25
UNAVAILABLE = StatusCode.UNAVAILABLE.value[0]
HOUSE = PredictRequest(house=House(rm=6))
SOON = {"DRAIN_SECONDS": "0", "GRACE_SECONDS": str(GRACE_SECONDS)}
KILLED = 128 + signal.SIGTERM
# Three to see that it works; fifty to see that it always does.
TIMES = [
    pytest.param(3, id="3 times"),
    pytest.param(50, id="50 times", marks=pytest.mark.chaos),
]


def port_of(process: ServerProcess) -> int:
    return int(process.event("server.serving")["port"])


class HeldCalls:
    """Calls that are under way until they are let go: their message is held back.

    One more is let go last, and keeps the connection until then. A server that has answered all
    closes it, and if a caller has yet to say that it sends no more, gRPC drops answers unread.
    """

    def __init__(self, client: Client, count: int) -> None:
        self._go_on, self._end = threading.Event(), threading.Event()
        call: Any = client.channel.stream_unary(
            "/housing.v1.PredictionService/Predict",
            PredictRequest.SerializeToString,
            PredictResponse.FromString,
        )
        # Calls made before there is a connection go out in any order.
        client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
        self.calls = [call.future(_message(self._go_on), timeout=600) for _ in range(count)]
        self._last = call.future(_message(self._end), timeout=600)
        # On the same connection: when it is answered, the server has all of them.
        client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)

    def let_go(self) -> None:
        """Sends all messages."""
        self._go_on.set()

    def end(self) -> None:
        """Lets go of the connection, too."""
        self.let_go()
        self._end.set()


def _message(go_on: threading.Event) -> Iterator[PredictRequest]:
    assert go_on.wait(600)
    yield HOUSE


def refuses_new_ones(port: int) -> bool:
    """Calls on new connections, until one is refused as it should be.

    One that comes at the very moment of the stop may be reset, as CANCELLED, or get no answer.
    """
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with ExitStack() as stack:
            client = connected(stack, port)
            try:
                client.predictions.Predict(HOUSE, timeout=5)
            except grpc.RpcError as error:
                found: Any = error
                if found.code() is StatusCode.UNAVAILABLE:
                    return True
    return False


@pytest.mark.parametrize("times", TIMES)
def test_sigterm_with_50_in_flight(linear: Example, times: int) -> None:
    for _ in range(times):
        with serving(linear.folder, **SOON) as process, ExitStack() as stack:
            port = port_of(process)
            held = HeldCalls(connected(stack, port), IN_FLIGHT)
            process.signal(signal.SIGTERM)
            process.event("server.draining")
            assert refuses_new_ones(port)
            assert not [call for call in held.calls if call.done()]
            held.let_go()
            versions = [call.result().model_version for call in held.calls]
            assert versions == [linear.version] * IN_FLIGHT
            held.end()
            process.event("server.stopped")
            assert process.end() == (0, "", "")


def test_sigterm_while_callers_keep_their_messages_back(linear: Example) -> None:
    short = {"DRAIN_SECONDS": "0", "GRACE_SECONDS": "0.5"}
    with serving(linear.folder, **short) as process, ExitStack() as stack:
        port = port_of(process)
        headers_only(stack, port, 200)
        connected(stack, port).predictions.Predict(HOUSE, timeout=SECONDS)
        process.signal(signal.SIGTERM)
        process.event("server.stopped")
        assert process.end()[0] == 0


def test_a_second_signal_with_50_in_flight(linear: Example) -> None:
    long = {"DRAIN_SECONDS": "3600", "GRACE_SECONDS": "3600"}
    with serving(linear.folder, **long) as process, ExitStack() as stack:
        held = HeldCalls(connected(stack, port_of(process)), IN_FLIGHT)
        process.signal(signal.SIGTERM)
        process.event("server.draining")
        process.signal(signal.SIGTERM)
        assert process.end() == (KILLED, "", "")
        assert {failure(call.result).code for call in held.calls} == {UNAVAILABLE}
        held.end()


def test_sigterm_in_the_middle_of_streams(linear: Example) -> None:
    chunk = PredictStreamRequest(sequence=7, rows=HouseRows(items=[House(rm=6)]))
    with serving(linear.folder, **SOON) as process, ExitStack() as stack:
        client, ended = connected(stack, port_of(process)), threading.Event()

        def chunks() -> Iterator[PredictStreamRequest]:
            yield chunk
            ended.wait(600)

        streams = [client.predictions.PredictStream(chunks(), timeout=600) for _ in range(20)]
        assert [next(stream).chunk.sequence for stream in streams] == [7] * 20
        process.signal(signal.SIGTERM)
        found = [failure(lambda: next(stream)) for stream in streams]  # noqa: B023
        ended.set()
        assert {(each.code, reason_of(each)) for each in found} == {
            (UNAVAILABLE, "SERVER_STOPPING")
        }
        process.event("server.stopped")
        assert process.end()[0] == 0


def _tries(pid: int) -> bool:
    """Whether a process is one that tries bundles."""
    return b"trial_child" in Path("/proc", str(pid), "cmdline").read_bytes()


def test_sigterm_in_the_middle_of_a_verification(
    linear: Example, forest: Example, tmp_path: Path
) -> None:
    folder = tmp_path / "live"
    shutil.copytree(linear.folder, folder)
    with (
        serving(folder, **SOON) as process,
        ExitStack() as stack,
        ThreadPoolExecutor(1) as pool,
    ):
        client = connected(stack, port_of(process))
        shutil.rmtree(folder)
        shutil.copytree(forest.folder, folder)

        def reload(**target: Any) -> object:
            return client.models.ReloadModel(ReloadModelRequest(**target), timeout=600)

        # The one that is to verify it waits already; it would be done too soon otherwise.
        # Stopped before it is a program of its own, it would hold its parent.
        until(lambda: any(map(_tries, children(process.popen.pid))))
        trials = [pid for pid in children(process.popen.pid) if _tries(pid)]
        for pid in trials:
            os.kill(pid, signal.SIGSTOP)

        def let_in() -> Status:
            # Those that ask whether it has been may be in its way.
            while reason_of(status := failure(reload)) == "RELOAD_IN_PROGRESS":
                pass
            return status

        reloading = pool.submit(let_in)
        # A folder has no versions, which a reload that is let in says.
        until(lambda: reason_of(failure(lambda: reload(version="2"))) == "RELOAD_IN_PROGRESS")
        process.signal(signal.SIGTERM)
        status = reloading.result()
        assert (status.code, reason_of(status)) == (UNAVAILABLE, "SERVER_STOPPING")
        process.event("server.stopped")
        assert process.end()[0] == 0
        assert not [pid for pid in trials if Path("/proc", str(pid)).exists()]


@pytest.mark.chaos
def test_a_port_that_is_taken_is_refused_within_a_second(linear: Example) -> None:
    seconds = []
    with serving(linear.folder) as first:
        port = str(first.event("server.serving")["port"])
        for _ in range(5):
            started = time.monotonic()
            with serving(linear.folder, GRPC_PORT=port) as second:
                code, _, err = second.end()
            seconds.append(time.monotonic() - started)
            assert code == EXIT_PORT
            assert f"127.0.0.1:{port}: the port is taken" in err.splitlines()[-1]
    # The machine may have been busy with something else, but not always.
    assert min(seconds) <= 1
