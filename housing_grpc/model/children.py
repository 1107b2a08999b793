"""Runs the project's own modules in child processes, with a time budget."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from housing_grpc.base import log
from housing_grpc.base.child_environment import inherited
from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle import files
from housing_grpc.bundle.signature import Verifier

_TRIAL_SECONDS = 60.0
_RETRY_SECONDS = 5.0

_logger = logging.getLogger(__name__)


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


class Trial:
    """Loads a bundle in a child, so that one which crashes does not crash the server.

    Args:
        children: Runs it.
        verifier: Says who must have signed the bundle; without one, nobody need have.
        max_bytes: Most bytes of a bundle.
        seconds: Time that the bundle gets to load.
    """

    def __init__(
        self,
        children: Children,
        verifier: Verifier | None = None,
        *,
        max_bytes: int = files.MAX_BYTES,
        seconds: float = _TRIAL_SECONDS,
    ) -> None:
        self._children = children
        self._arguments = [str(max_bytes), *([str(verifier.file)] if verifier else [])]
        self._seconds = seconds

    def __call__(self, folder: Path) -> None:
        """Tries a bundle.

        Raises:
            ServingError: The bundle cannot be served.
        """
        try:
            refusal = self._children.run(
                "housing_grpc.bundle.trial",
                str(folder),
                *self._arguments,
                document={},
                seconds=self._seconds,
            )
        except ChildTimeoutError:
            raise _failed(f"the bundle was still loading after {self._seconds:g} s") from None
        except ChildCrashError as error:
            # What the child said may name files of this machine: it stays in the log.
            log.event(_logger, logging.ERROR, "trial.crashed", error=error)
            raise _failed("the process that tried the bundle was killed or crashed") from error
        if refusal is not None:
            raise ServingError(Reason[refusal["reason"]], refusal["message"])


def _failed(message: str) -> ServingError:
    # The bundle may be at fault, or a machine that was short of memory or of time.
    return ServingError(Reason.TRIAL_FAILED, message, retry_seconds=_RETRY_SECONDS)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def _stopping() -> ServingError:
    return ServingError(
        Reason.SERVER_STOPPING, "the server is stopping; ask another one", retry_seconds=1
    )
