"""Servers of several processes, and what /proc tells of them."""

import shutil
import signal
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support import waiting
from tests.support.client import Client
from tests.support.examples import Example
from tests.support.processes import ServerProcess, serving, started
from tests.support.serving import connected
from tests.support.waiting import until

WAIT_SECONDS = waiting.SECONDS

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Fleet:
    """A supervisor and its workers, which serve.

    Args:
        process: The supervisor.
        stack: Ends what is opened.
    """

    def __init__(self, process: ServerProcess, stack: ExitStack) -> None:
        self.process = process
        self._stack = stack
        self.up = process.event("server.serving")
        self.port = int(self.up["port"])

    def pids(self) -> list[int]:
        """Gives the workers that there are."""
        return sorted(pid for pid in children(self.process.popen.pid) if b"workers" in command(pid))

    def pid_of(self, number: int) -> int:
        """Gives the worker of that number."""
        return next(pid for pid in self.pids() if command(pid).split(b"\0")[3] == b"%d" % number)

    def listening(self) -> list[int]:
        """Gives the workers that listen on the port."""
        return [pid for pid in self.pids() if sockets(pid, self.port, "0A")]

    def client(self, *more: tuple[str, object]) -> Client:
        """Opens a connection of its own."""
        client = connected(self._stack, self.port, *more)
        grpc.channel_ready_future(client.channel).result(WAIT_SECONDS)
        return client

    def placed(self, count: int, *more: tuple[str, object]) -> dict[int, list[Client]]:
        """Opens so many connections to each worker, and tells which is whose."""
        found: dict[int, list[Client]] = {pid: [] for pid in self.pids()}
        for _ in range(200):
            before = {pid: self.peers(pid) for pid in found}
            client = self.client(*more)
            until(lambda before=before: any(self.peers(p) - before[p] for p in found))  # type: ignore[misc]
            holder = next(pid for pid in found if self.peers(pid) - before[pid])
            if len(found[holder]) < count:
                found[holder].append(client)
            else:
                client.channel.close()
                until(lambda before=before, pid=holder: self.peers(pid) == before[pid])  # type: ignore[misc]
            if all(len(clients) == count for clients in found.values()):
                return found
        raise AssertionError("some worker gets no connection")

    def peers(self, pid: int) -> set[str]:
        """Gives the callers that a worker is connected to."""
        return sockets(pid, self.port, "01")

    def metrics(self) -> Samples:
        """Scrapes the metrics."""
        url = f"http://127.0.0.1:{self.up['metrics_port']}/metrics"
        with urllib.request.urlopen(url, timeout=WAIT_SECONDS) as answer:
            families = text_string_to_metric_families(answer.read().decode())
            return {
                (sample.name, tuple(sorted(sample.labels.items()))): sample.value
                for family in families
                for sample in family.samples
            }


def children(pid: int) -> list[int]:
    """Gives the processes that a process has started."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        # One may end meanwhile, as that of a scrape does; it has no children then.
        with suppress(OSError):
            found += map(int, (thread / "children").read_text().split())
    return found


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def open_files(pid: int) -> set[str]:
    """Gives what the descriptors of a process lead to; nothing if there is none."""
    found = set()
    with suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            # One may be closed meanwhile: the others still count.
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found


def sockets(pid: int, port: int, state: str) -> set[str]:
    """Gives the far ends of a process' sockets on a port, in a state of /proc/net/tcp."""
    held = open_files(pid)
    table = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    return {
        fields[2]
        for line in table.splitlines()
        if (fields := line.split())[1].endswith(f":{port:04X}")
        and fields[3] == state
        and f"socket:[{fields[9]}]" in held
    }


def put(example: Example, folder: Path) -> None:
    """Puts a bundle in place of another."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(example.folder, folder)


@pytest.fixture
def folder(tmp_path: Path, linear: Example) -> Path:
    """A bundle that may be replaced."""
    put(linear, tmp_path / "bundle")
    return tmp_path / "bundle"


Start = Callable[..., Fleet]


@pytest.fixture
def start(stack: ExitStack) -> Start:
    """Starts servers: `start(folder, *flags, **variables)`; two workers unless told else."""

    def begin(folder: Path, *flags: str, **variables: str) -> Fleet:
        chosen = {"WORKERS": "2", "DRAIN_SECONDS": "0", **variables}
        process = stack.enter_context(serving(folder, *flags, **chosen))
        stack.callback(end, process)
        return Fleet(process, stack)

    return begin


@pytest.fixture
def start_faulty(stack: ExitStack) -> Start:
    """Starts servers whose workers have a fault: `start_faulty(folder, fault, **variables)`."""

    def begin(folder: Path, fault: str, **variables: str) -> Fleet:
        chosen = {
            "WORKERS": "2", "DRAIN_SECONDS": "0", "BUNDLE_DIR": str(folder),
            "GRPC_PORT": "0", "LOG_FORMAT": "json", "FAULT": fault,
            # As `python -m housing_grpc` has it: gRPC's own lines are no JSON.
            "GRPC_VERBOSITY": "NONE", **variables,
        }  # fmt: skip
        process = stack.enter_context(started(["-m", "tests.workers.faulty"], **chosen))
        stack.callback(end, process)
        return Fleet(process, stack)

    return begin


def end(process: ServerProcess) -> None:
    """Ends a server that is still up, its workers included."""
    if process.popen.poll() is None:
        process.signal(signal.SIGTERM)
        process.popen.communicate(timeout=WAIT_SECONDS)
