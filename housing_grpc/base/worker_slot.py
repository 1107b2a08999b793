"""The place of one worker: when it ends, another one takes it."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, Protocol, TypeVar

from housing_grpc.base import log
from housing_grpc.base.errors import ServingError, StartError

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0
# Whoever lived for so long was sound.
_SOUND_SECONDS = 60.0

# How often a worker is asked whether it is there, and how long it may take to say so.
_WATCH_SECONDS = 10.0
_SILENT_SECONDS = 30.0

_EXIT_CRASHED = 1

_logger = logging.getLogger(__name__)


class WorkerGoneError(Exception):
    """A worker is gone, or does not answer in time."""


class Worker(Protocol):
    """A process that a slot has."""

    def ended(self, seconds: float) -> int | None:
        """Waits for its end, for so long at most; returns the exit code, or None."""
        ...

    def silent(self, seconds: float) -> bool:
        """Returns whether it is there, and answers nothing for so long."""
        ...

    def kill(self) -> None:
        """Ends it at once; also from a signal's handler."""
        ...


_Worker = TypeVar("_Worker", bound=Worker)


class WorkerSlot(Generic[_Worker]):
    """Starts a worker, waits for its end, and starts the next one.

    Args:
        number: Of the worker.
        launch: Starts a process of that number.
        admit: Makes it serve what is live.
        left: Called with each that has ended.
        stopping: Then no more are started.
        silent_seconds: A process that says nothing for so long hangs, and is replaced.
    """

    def __init__(
        self,
        number: int,
        *,
        launch: Callable[[int], _Worker],
        admit: Callable[[_Worker], None],
        left: Callable[[_Worker], None],
        stopping: threading.Event,
        silent_seconds: float = _SILENT_SECONDS,
    ) -> None:
        self._number = number
        self._launch = launch
        self._admit = admit
        self._left = left
        self._stopping = stopping
        self._silent_seconds = silent_seconds
        self._process: _Worker | None = None
        self._thread = threading.Thread(target=self._run, name=f"slot-{number}", daemon=True)
        self.first: Future[None] = Future()
        """Done when the first worker can serve, or cannot, which is a StartError."""
        self.exit_code: int | None = None
        """Of the worker that served when the stop came; None if none did."""

    def start(self) -> None:
        """Starts the first worker; does not wait for it."""
        self._thread.start()

    def kill(self) -> None:
        """Ends the worker at once; also from a signal's handler."""
        process = self._process
        if process is not None:
            process.kill()

    def join(self, seconds: float) -> bool:
        """Waits until no worker is left, for so long; returns whether it is so."""
        if self._thread.ident is not None:
            self._thread.join(max(seconds, 0))
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            fault = self._one()
            if self._stopping.is_set() or self._failed_first(fault):
                return
            failures = 1 if time.monotonic() - began > _SOUND_SECONDS else failures + 1
            pause = min(_FIRST_PAUSE_SECONDS * 2.0 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
            log.event(
                _logger, logging.ERROR, "worker.ended", worker=self._number,
                exit_code=self.exit_code, reason=str(fault or ""), restart_seconds=pause,
            )  # fmt: skip
            self.exit_code = None
            self._stopping.wait(pause)

    def _one(self) -> Exception | None:
        """Has one worker live its life; returns what kept it from serving, if anything did."""
        self.exit_code = None
        try:
            self._process = process = self._launch(self._number)
        except OSError as error:  # Too many processes, or too little memory.
            return error
        if self._stopping.is_set():
            process.kill()  # All workers may have been ended before this one was there.
        fault = self._admitted(process)
        self.exit_code = self._end_of(process)
        self._left(process)
        if fault is not None and self._stopping.is_set():
            self.exit_code = None  # It was ended before it had a call to answer.
        return fault

    def _admitted(self, process: _Worker) -> Exception | None:
        try:
            self._admit(process)
        except (WorkerGoneError, ServingError, StartError) as error:
            process.kill()
            return error
        if not self.first.done():
            self.first.set_result(None)
        return None

    def _end_of(self, process: _Worker) -> int:
        """Waits for a worker's end, or makes it, if it hangs; returns the exit code."""
        pause = min(_WATCH_SECONDS, self._silent_seconds)
        while (code := process.ended(pause)) is None:
            # guard: a worker that hangs is replaced
            if process.silent(self._silent_seconds) and not self._stopping.is_set():
                log.event(_logger, logging.ERROR, "worker.hangs", worker=self._number)
                process.kill()
        return code

    def _failed_first(self, fault: Exception | None) -> bool:
        """Returns whether the very first worker could not start: then nor will others."""
        if self.first.done():
            return False
        if not isinstance(fault, StartError):
            fault = StartError(
                f"worker {self._number} ended as it started; what it said stands above",
                _EXIT_CRASHED,
            )
        self.first.set_exception(fault)
        return True
