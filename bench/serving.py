"""A server as a process, and what it takes of the machine."""

import os
import subprocess
import sys
import time
from pathlib import Path

from clients.python import Health, HousingClient, HousingError

_READY_SECONDS = 60.0


class Server:
    """A running server; leaving its `with` block ends it.

    Args:
        process: Of the server.
    """

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def cpu_seconds(self) -> float:
        """Returns the processor time of all its threads so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Returns the memory that it holds."""
        return resident_mib(self._process.pid)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def serve(bundle: Path, port: int) -> Server:
    """Starts a server on the loopback address; it serves when this returns."""
    command = [sys.executable, "-m", "housing_grpc", "--bundle-dir", str(bundle)]
    process = subprocess.Popen(
        [*command, "--grpc-port", str(port), "--drain-seconds", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process)
    try:
        _wait(port)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return server


def resident_mib(pid: int) -> float:
    """Returns the memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the memory of a process cannot be read; this needs Linux")


def _wait(port: int) -> None:
    until = time.monotonic() + _READY_SECONDS
    options: list[tuple[str, int]] = [("grpc.use_local_subchannel_pool", 1)]
    with HousingClient(f"127.0.0.1:{port}", options=options) as client:
        while time.monotonic() < until:
            try:
                if client.health(timeout=1) is Health.SERVING:
                    return
            except HousingError:
                pass
            time.sleep(0.05)
    raise RuntimeError("the server does not start")
