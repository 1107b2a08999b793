"""Runs the project's own modules in child processes, with a time budget."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from housing_grpc.base.child_environment import inherited
from housing_grpc.base.errors import Reason, ServingError


class ChildTimeoutError(Exception):
    """The child did not finish within its budget, and was killed."""


class ChildCrashError(Exception):
    """The child ended without an answer."""


class Children:
    """Runs modules in child processes, and can end all that run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False

    def run(
        self,
        module: str,
        *arguments: str,
        document: Mapping[str, Any],
        seconds: float,
        niceness: int = 0,
        needs: Sequence[re.Pattern[str]] = (),
    ) -> Any:
        """Runs `python -m module` and returns what it prints.

        Args:
            module: A module that answers with one JSON document on standard output.
            *arguments: Its command line; never a secret, which others could read.
            document: Given to it on standard input.
            seconds: Then it is killed, with all that it started.
            niceness: How far it stands back where processors are short, 0 to 19.
            needs: Match the variables that it inherits, besides those that any program needs.

        Returns:
            The document, or None if it printed nothing and exited with 0.

        Raises:
            ChildTimeoutError: The time is up.
            ChildCrashError: It ended without an answer.
            ServingError: SERVER_STOPPING after `stop`.
        """
        child = self._start([sys.executable, "-m", module, *arguments], inherited(*needs))
        try:
            if niceness:
                with suppress(ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, child.pid, niceness)
            # guard: the time of a child
            out, err = child.communicate(json.dumps(document).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ChildTimeoutError from None
        finally:
            self._end(child)
        return self._answer(child.returncode, out, err)

    def stop(self) -> None:
        """Kills all that run, and lets no more start: for the end of the server."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                _kill(child)

    def _start(self, command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopped:
                raise _stopping()
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
            self._running.add(child)
            return child

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        with self._lock:
            self._running.discard(child)
        if child.poll() is None:
            _kill(child)
            child.communicate()

    def _answer(self, exit_code: int, out: bytes, err: bytes) -> Any:
        if exit_code == 0 and not out.strip():
            return None
        try:
            return json.loads(out)
        except ValueError:
            if self._stopped:
                raise _stopping() from None
            last = err.decode(errors="replace").strip().splitlines()[-1:]
            raise ChildCrashError(f"exit code {exit_code}: {' '.join(last)}") from None


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _stopping() -> ServingError:
    return ServingError(
        Reason.SERVER_STOPPING, "the server is stopping; ask another one", retry_seconds=1
    )
