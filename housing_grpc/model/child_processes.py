"""Runs the project's own modules in child processes, and questions, with a time budget."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeVar, cast

from housing_grpc.base.child_environment import inherited
from housing_grpc.base.errors import Reason, ServingError

_Answer = TypeVar("_Answer")
# How far children stand back behind predictions where processors are short, 0 to 19.
_NICENESS = 10


class ChildTimeoutError(Exception):
    """The child did not finish within its budget, and was killed."""


class ChildCrashError(Exception):
    """The child ended without an answer."""


class Children:
    """Runs modules in child processes, and can end all that run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._waiting: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}
        self._asked: Future[Any] | None = None
        self._stopped = False

    def run(
        self,
        module: str,
        *arguments: str,
        document: Mapping[str, Any],
        seconds: float,
        needs: Sequence[re.Pattern[str]] = (),
    ) -> Any:
        """Runs `python -m module` and returns what it prints.

        Args:
            module: A module that answers with one JSON document on standard output.
            *arguments: Its command line; never a secret, which others could read.
            document: Given to it on standard input.
            seconds: Then it is killed, with all that it started.
            needs: Match the variables that it inherits, besides those that any program needs.

        Returns:
            The document, or None if it printed nothing and exited with 0.

        Raises:
            ChildTimeoutError: The time is up.
            ChildCrashError: It ended without an answer.
            ServingError: SERVER_STOPPING after `stop`.
        """
        child = self._ahead(module, *arguments) or self._start(module, *arguments, needs=needs)
        try:
            # guard: the time of a child
            out, err = child.communicate(json.dumps(document).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ChildTimeoutError from None
        finally:
            self._end(child)
        return self._answer(child.returncode, out, err)

    def start_ahead(self, module: str, *arguments: str) -> None:
        """Starts the child of the next `run` of this command line; it waits for its document.

        That run has not to wait for Python to start and to import what it needs.
        """
        # What cannot be started now is started by the run itself.
        with suppress(OSError, ServingError):
            self._start(module, *arguments, waits=True)

    def ask(self, question: Callable[[], _Answer], seconds: float) -> _Answer:
        """Returns the answer to a question that is safe to ask in this process.

        Args:
            question: Should end by itself after so many seconds; it cannot be killed.
            seconds: Then nobody waits for it any more.

        Raises:
            ChildTimeoutError: The time is up, or a question before is still without an answer.
            ServingError: SERVER_STOPPING after `stop`, or what the question raises.
        """
        answer: Future[_Answer] = Future()
        with self._lock:
            if self._stopped:
                raise _stopping()
            # guard: one question at a time
            if self._asked is not None:
                raise ChildTimeoutError
            self._asked = answer
        asking = threading.Thread(
            target=self._answer_to, args=(question, answer), name="question", daemon=True
        )
        try:
            asking.start()
        except RuntimeError:  # The system has no more threads.
            self._asked = None
            raise
        try:
            return answer.result(seconds)
        except TimeoutError:
            raise ChildTimeoutError from None

    def _answer_to(self, question: Callable[[], _Answer], answer: "Future[_Answer]") -> None:
        found: _Answer | None = None
        failed: BaseException | None = None
        try:
            found = question()
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is awaited
            failed = error
        with self._lock:
            self._asked = None
        # Nobody may wait for it any more.
        with suppress(InvalidStateError):
            if failed is None:
                answer.set_result(cast("_Answer", found))
            else:
                answer.set_exception(failed)

    def stop(self) -> None:
        """Kills all that run, and lets no more start: for the end of the server."""
        with self._lock:
            self._stopped = True
            for child in self._running:
                _kill(child)
            waiting, self._waiting = self._waiting, {}
            if self._asked is not None:
                with suppress(InvalidStateError):
                    self._asked.set_exception(_stopping())
        for child in waiting.values():
            self._end(child)

    def _ahead(self, *command: str) -> "subprocess.Popen[bytes] | None":
        with self._lock:
            child = self._waiting.pop(command, None)
        if child is None or child.poll() is None:
            return child
        self._end(child)
        return None

    def _start(
        self, *command: str, needs: Sequence[re.Pattern[str]] = (), waits: bool = False
    ) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._stopped:
                raise _stopping()
            child = subprocess.Popen(
                [sys.executable, "-m", *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=inherited(*needs),
                # To be ended with all that it starts. A session of its own would do as well, but
                # Linux gives each session the same share of the processors, however nice it is.
                process_group=0,
            )
            self._running.add(child)
            if waits:
                self._waiting[command] = child
        with suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, child.pid, _NICENESS)
        return child

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        with self._lock:
            self._running.discard(child)
        if child.poll() is None:
            _kill(child)
        # Closes its pipes, whoever has killed it.
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
