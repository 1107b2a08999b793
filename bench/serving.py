"""A server as a process, and what it takes of the machine."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

from clients.python import Health, HousingClient, HousingError

# The server has one core, what asks it another: they share no processor time.
SERVER_CORE, CLIENT_CORE = 0, 1

_READY_SECONDS = 120.0
_STOP_SECONDS = 20.0
_TAIL_BYTES = 2000


class Server:
    """A running server; leaving its `with` block ends it.

    Args:
        process: Of the server.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """Returns the processor time so far of all its threads and processes."""
        return sum(map(_cpu_seconds, _tree(self._process.pid)))

    def resident_mib(self) -> float:
        """Returns the memory that it and its processes hold."""
        return sum(map(resident_mib, _tree(self._process.pid)))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Has it hang meanwhile: connections are accepted, and nothing is answered."""
        try:
            for pid in _tree(self._process.pid):
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in _tree(self._process.pid):
                os.kill(pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # With its children: they would go on without it.
            for pid in _tree(self._process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()


def serve(
    bundle: Path,
    port: int,
    *arguments: str,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Server:
    """Starts our server on the loopback address; it serves when this returns.

    Args:
        bundle: Folder of the bundle.
        port: To listen on.
        *arguments: More flags of the server.
        core: The only core it may use; None for all.
        environment: More variables, such as API_KEY.
    """
    command = [sys.executable, "-m", "housing_grpc", "--bundle-dir", str(bundle)]
    command += ["--grpc-port", str(port), "--drain-seconds", "0", *arguments]
    # A metrics port of its own, since other servers may run beside it.
    ours = {"METRICS_PORT": str(free_port()), **(environment or {})}
    return launch(command, ready=lambda: answers(port), core=core, environment=ours)


def serve_null(port: int, *, threads: int = 8, core: int | None = None) -> Server:
    """Starts the null server; it serves when this returns."""
    command = [sys.executable, "-m", "bench.null", "--port", str(port), "--threads", str(threads)]
    return launch(command, ready=lambda: answers(port), core=core)


def launch(
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Server:
    """Starts any server; it is ready when this returns.

    Raises:
        RuntimeError: It ended, or was not ready in time.
    """
    pinned = [] if core is None else ["taskset", "-c", str(core)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*pinned, *command],
            stdout=subprocess.DEVNULL,
            stderr=said,
            env={**os.environ, **(environment or {})},
            cwd=folder,
        )
        server = Server(process)
        until = time.monotonic() + _READY_SECONDS
        try:
            while not ready():
                _check_starting(server, until, said)
                time.sleep(0.05)
        except BaseException:
            server.__exit__()
            raise
    return server


def _check_starting(server: Server, until: float, said: IO[bytes]) -> None:
    if not server.running or time.monotonic() > until:
        said.seek(0)
        end = said.read()[-_TAIL_BYTES:].decode(errors="replace")
        raise RuntimeError(f"a server does not start: {end}")


def free_port() -> int:
    """Returns a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Keeps this thread, and what it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def new_key() -> str:
    """Returns an API key for one measurement."""
    return secrets.token_hex(16)


def resident_mib(pid: int) -> float:
    """Returns the memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the memory of a process cannot be read; this needs Linux")


def _tree(pid: int) -> list[int]:
    children = [
        int(child)
        for listing in Path(f"/proc/{pid}/task").glob("*/children")
        for child in listing.read_text().split()
    ]
    return [pid, *(found for child in children for found in _tree(child))]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(port: int) -> bool:
    """Returns whether one of our servers, or the null server, serves on a port."""
    # A channel of its own each time: another one's back-off would be waited for.
    options: list[tuple[str, int]] = [("grpc.use_local_subchannel_pool", 1)]
    with HousingClient(f"127.0.0.1:{port}", options=options) as client:
        try:
            return client.health(timeout=1) is Health.SERVING
        except HousingError:
            return False


def answers_http(url: str) -> bool:
    """Returns whether an address of this machine answers with 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except OSError:
        return False
