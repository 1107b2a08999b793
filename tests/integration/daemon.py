"""A process that listens, which tests may stop, freeze and start again."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx

from tests.support import waiting

_START_SECONDS = waiting.SECONDS
_STOP_SECONDS = waiting.SECONDS


class Daemon:
    """A process that listens, and can be stopped and started again with what it keeps.

    Args:
        command: What to run.
        answers: Whether it can be used by now.
        log: Where to write what it prints.
        env: Its variables, beside PATH and HOME.
        user: Whom to run it as, if it refuses to be run by root.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        answers: Callable[[], bool],
        log: Path,
        env: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        self._command = list(command)
        self._answers = answers
        self._log = log
        self._env = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._env.update(env)
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._env,
                stdout=log,
                stderr=log,
                user=self._user,
                process_group=0,
                cwd=tempfile.gettempdir(),
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self._told()
            assert time.monotonic() < deadline, self._told()
            time.sleep(0.1)

    def stop(self) -> None:
        """Ends it at once, as a crash would, with all processes that it started."""
        process, self._process = self._process, None
        if process is None:
            return
        # Held first, so that it starts no other while it is being ended.
        _signal(process.pid, signal.SIGSTOP)
        killed = _signal(process.pid, signal.SIGKILL)
        process.wait(timeout=_STOP_SECONDS)
        # They hold ports and shared memory, without which it cannot be started again.
        deadline = time.monotonic() + _STOP_SECONDS
        while any(map(_runs, killed)):
            assert time.monotonic() < deadline, f"{self._command[0]} does not end"
            time.sleep(0.01)

    def freeze(self, *, frozen: bool) -> None:
        """Lets it hang, so that it accepts connections but answers nothing; or go on."""
        assert self._process is not None
        _signal(self._process.pid, signal.SIGSTOP if frozen else signal.SIGCONT)

    def _told(self) -> str:
        return (
            f"{self._command[0]} does not answer:\n{self._log.read_text(errors='replace')[-4000:]}"
        )


def answers(url: str) -> Callable[[], bool]:
    """Returns a question: whether a URL is answered, with whatever status below 500."""

    def ask() -> bool:
        try:
            return httpx.get(url, timeout=2, trust_env=False).status_code < 500
        except httpx.TransportError:
            return False

    return ask


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in "ZX"


def _signal(pid: int, number: signal.Signals) -> list[int]:
    """Signals a process and those that it started, which may be in groups of their own.

    Returns:
        All of them that were there.
    """
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        started = children.read_text().split()
        os.kill(pid, number)
    except (ProcessLookupError, FileNotFoundError):
        return []
    return [pid, *(each for child in started for each in _signal(int(child), number))]
