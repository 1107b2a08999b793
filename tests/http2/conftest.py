"""A server process to mistreat, and another caller who must not notice."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from housing.v1 import prediction_pb2 as pb
from housing.v1.prediction_pb2_grpc import PredictionServiceStub

from tests.support.examples import Example
from tests.support.processes import ServerProcess, memory_mib, serving

# What others wait for an answer at most, whatever one caller does; more than a busy machine takes.
SECONDS = 60
_PROBES_AFTER = 3
_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)
HOUSE = pb.PredictRequest(house=pb.House(rm=6.5, lstat=5.0))


class Prober:
    """Another caller: asks again and again, and keeps what went wrong.

    Args:
        port: Of the server.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._answered = 0
        self._failures: list[str] = []
        self._thread = threading.Thread(target=self._run, name="prober")
        self._thread.start()

    def wait(self) -> None:
        """Waits until some more calls were made."""
        with self._changed:
            wanted = self._answered + _PROBES_AFTER
            assert self._changed.wait_for(
                lambda: self._answered >= wanted or self._failures, SECONDS * _PROBES_AFTER
            )

    def taken(self) -> list[str]:
        """Returns what went wrong, and forgets it: the next test begins anew."""
        with self._changed:
            found, self._failures = self._failures, []
            return found

    def close(self) -> None:
        """Stops asking."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self._port}", _OPTIONS) as channel:
            predictions = PredictionServiceStub(channel)
            while not self._ended.wait(0.01):
                failure = ""
                try:
                    predictions.Predict(HOUSE, timeout=SECONDS)
                except grpc.RpcError as error:
                    failure = str(error)
                with self._changed:
                    self._answered += 1
                    self._failures += [failure] if failure else []
                    self._changed.notify_all()


@dataclass(kw_only=True)
class Victim:
    """A server process and what it has logged."""

    process: ServerProcess
    port: int
    prober: Prober
    log: list[str] = field(default_factory=list)

    def resident_mib(self) -> float:
        """Returns the memory that the process holds."""
        return memory_mib(self.process.popen.pid)

    def check_unharmed(self) -> None:
        """Asserts that the process lives and that other callers, old and new, are served."""
        self.prober.wait()
        assert self.prober.taken() == []
        assert self.process.popen.poll() is None
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", _OPTIONS) as channel:
            assert PredictionServiceStub(channel).Predict(HOUSE, timeout=SECONDS).prediction > 0
            health = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
            answer = health(health_pb2.HealthCheckRequest(), timeout=SECONDS)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.fixture(scope="module")
def running(linear: Example) -> Iterator[Victim]:
    """One server process for all faults of a module: each has to leave it whole."""
    # After calls that the machine held up, a few that wait would be too many for a short queue.
    limits = {"STREAM_IDLE_SECONDS": "2", "MAX_QUEUE_SECONDS": "60"}
    with serving(linear.folder, **limits) as process:
        port = int(process.event("server.serving")["port"])
        log: list[str] = []
        assert process.popen.stderr is not None
        # Nobody else reads it: a full pipe would stop the server.
        reader = threading.Thread(target=log.extend, args=(process.popen.stderr,), name="log")
        reader.start()
        prober = Prober(port)
        yield Victim(process=process, port=port, prober=prober, log=log)
        prober.close()
        process.popen.terminate()
        process.popen.wait(SECONDS)
        reader.join()


@pytest.fixture
def victim(running: Victim) -> Iterator[Victim]:
    """The server, which has to be unharmed after the test."""
    yield running
    running.check_unharmed()
