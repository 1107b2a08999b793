"""The server as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.support import waiting

ROOT = Path(__file__).parents[2]
SECONDS = waiting.SECONDS


class ServerProcess:
    """A process that logs JSON lines to standard error.

    Args:
        popen: The process.
    """

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self.popen = popen
        self.lines: list[str] = []

    def event(self, name: str) -> dict[str, Any]:
        """Reads the log up to an event of that name, and gives it."""
        assert self.popen.stderr is not None
        for line in self.popen.stderr:
            self.lines.append(line)
            try:
                entry: dict[str, Any] = json.loads(line)
            except ValueError:
                raise AssertionError(line + self.popen.stderr.read()) from None
            if entry["event"] == name:
                return entry
        code = self.popen.wait(SECONDS)
        raise AssertionError(f"ended with {code}, without the event {name}: {self.lines}")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.popen.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Waits for the end; gives the exit code and what was not read of the output."""
        out, err = self.popen.communicate(timeout=SECONDS)
        return self.popen.returncode, out, err


def outcome(
    command: Sequence[str | Path],
    *,
    cwd: Path | str = ROOT,
    env: Mapping[str, str] | None = None,
    input: str | None = None,  # noqa: A002 - as it is called elsewhere
    check: bool = False,
    timeout: float = SECONDS,
) -> "subprocess.CompletedProcess[str]":
    """Runs a program to its end; gives its exit code and all that it said."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        input=input,
        check=check,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


@contextmanager
def started(command: Sequence[str], **variables: str) -> Iterator[ServerProcess]:
    """Runs the interpreter with a command line, and with no settings but those given."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    paths = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
    # Coverage, where it measures the tests, measures their processes, too.
    measured = {name: value for name, value in os.environ.items() if name.startswith("COV")}
    # Several at a time would all want the same port for their metrics.
    always = {"PYTHONPATH": paths, "PYTHONFAULTHANDLER": "1", "METRICS_PORT": "0"}
    with (
        TemporaryDirectory(ignore_cleanup_errors=True) as home,
        subprocess.Popen(
            [sys.executable, *command],
            env={"HOUSING_HOME": home, **inherited, **measured, **always, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as popen,
    ):
        try:
            yield ServerProcess(popen)
        finally:
            if popen.poll() is None:
                popen.kill()


@contextmanager
def serving(folder: Path, *flags: str, **variables: str) -> Iterator[ServerProcess]:
    """Serves a bundle folder on a free port, logging JSON."""
    chosen = {"BUNDLE_DIR": str(folder), "GRPC_PORT": "0", "LOG_FORMAT": "json", **variables}
    with started(["-m", "housing_grpc", *flags], **chosen) as process:
        yield process


def ended(*flags: str, **variables: str) -> tuple[int, str, str]:
    """Runs a server until it ends by itself; gives the exit code and what it said."""
    with started(["-m", "housing_grpc", *flags], **variables) as process:
        return process.end()


def alive(pid: int) -> bool:
    """Tells whether a process runs; one that is over and not waited for does not."""
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def memory_mib(pid: int, name: str = "VmRSS") -> float:
    """Returns the memory that a process holds, or has held at most as "VmHWM"."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells how much memory a process has")
    return int(status.read_text().partition(f"{name}:")[2].split()[0]) / 1024
