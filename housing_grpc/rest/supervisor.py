"""Several processes of the proxy on one socket, which are one server to their callers.

This process serves nobody. It keeps the socket, so that a process that dies takes no connection
along that waits to be accepted, and the folder in which all count.
"""

import logging
import os
import re
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from housing_grpc.base import log
from housing_grpc.base.child_environment import inherited
from housing_grpc.base.errors import StartError
from housing_grpc.base.signals import HARD_EXIT_SECONDS, Signals, exit_hard_after
from housing_grpc.base.worker_slot import WorkerSlot
from housing_grpc.rest import banner, counting_files
from housing_grpc.rest.settings import Settings

# A new process imports its libraries first, on a busy machine perhaps with many others.
_START_SECONDS = 60.0
_KILLED_SECONDS = 5.0
_ALL = re.compile(".*", re.DOTALL)

_logger = logging.getLogger(__name__)


class Supervisor:
    """Starts the processes, and another for each that ends.

    Args:
        chosen: The settings.
        listening: The socket of all.
        folder: Where all count; it is removed at the end.
        arguments: Flags, which each process reads again.
    """

    def __init__(
        self, chosen: Settings, listening: socket.socket, folder: str, arguments: Sequence[str]
    ) -> None:
        self._settings = chosen
        self._listening = listening
        self._arguments = arguments
        self._folder = folder
        self._stopping = threading.Event()
        self._processes: dict[int, _Process] = {}
        self._slots = [
            WorkerSlot(
                number,
                launch=self._launch,
                admit=_Process.await_start,
                left=self._left,
                stopping=self._stopping,
            )
            for number in range(1, chosen.processes + 1)
        ]

    def start(self) -> None:
        """Starts the processes, and waits until all serve.

        Raises:
            StartError: One cannot.
        """
        for slot in self._slots:
            slot.start()
        for slot in self._slots:
            slot.first.result()

    def stop(self) -> bool:
        """Has all finish their requests and end; returns whether they did so in time."""
        seconds = _stop_seconds(self._settings)
        until = time.monotonic() + seconds
        self._stopping.set()
        for process in list(self._processes.values()):
            process.terminate()
        ended = [slot.join(until - time.monotonic()) for slot in self._slots]
        in_order = all(ended) and not any(slot.exit_code for slot in self._slots)
        self.close()
        return in_order

    def close(self) -> None:
        """Ends all at once, and waits until they are gone."""
        self._stopping.set()
        self.abandon()
        for slot in self._slots:
            slot.join(_KILLED_SECONDS)
        self._listening.close()

    def abandon(self) -> None:
        """Ends all at once; also from a signal's handler."""
        for slot in self._slots:
            slot.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _launch(self, number: int) -> "_Process":
        process = _Process(number, self._listening, self._folder, self._arguments)
        self._processes[number] = process
        return process

    def _left(self, process: "_Process") -> None:
        process.close()
        # What it has counted is kept, and the next one goes on from there.
        counting_files.forget_gauges(process.number, self._folder)


class _Process:
    """One process that serves.

    Args:
        number: Its place, from 1 on; it stays when another takes over.
        listening: The socket of all.
        folder: Where all count.
        arguments: Flags.
    """

    def __init__(
        self, number: int, listening: socket.socket, folder: str, arguments: Sequence[str]
    ) -> None:
        self.number = number
        self._ready, told = os.pipe()
        descriptors = listening.fileno(), told
        command = ["housing_grpc.rest.worker", str(number), *map(str, descriptors), folder]
        try:
            # A new process and not a fork: gRPC does not survive one.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "housing_grpc.base.die_with_parent", *command, *arguments],
                # Nothing is written to it: its end is the news.
                stdin=subprocess.PIPE,
                pass_fds=descriptors,
                # The library counts in files if it is so when it is imported.
                env={**inherited(_ALL), "PROMETHEUS_MULTIPROC_DIR": folder},
                # Ctrl-C reaches a whole process group; this one does not belong to it.
                process_group=0,
            )
        except OSError:
            os.close(self._ready)
            raise
        finally:
            os.close(told)

    def await_start(self) -> None:
        """Waits until it accepts connections.

        Raises:
            StartError: It does not; the exit code is its own.
        """
        readable, _, _ = select.select([self._ready], [], [], _START_SECONDS)
        if not readable:
            raise StartError(f"worker {self.number} did not start in time", 1)
        if not os.read(self._ready, 1):
            code = self._process.wait()
            raise StartError(
                f"worker {self.number} ended as it started; what it said stands above",
                code if code > 0 else 128 - code,
            )

    def silent(self, seconds: float) -> bool:  # noqa: ARG002 - as of any worker
        """Returns that it is not: nothing asks a process of the proxy whether it is there."""
        return False

    def ended(self, seconds: float) -> int | None:
        """Waits for its end, for so long at most; returns the exit code, or None."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self) -> None:
        """Asks it to finish its requests and end."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends it at once; also from a signal's handler."""
        self._process.kill()

    def close(self) -> None:
        """Lets go of its pipes, when it has ended."""
        os.close(self._ready)
        if self._process.stdin is not None:
            self._process.stdin.close()


def run(chosen: Settings, listening: socket.socket, arguments: Sequence[str]) -> int:
    """Has several processes serve until a signal; returns the exit code."""
    try:
        folder = counting_files.make(chosen.processes)
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    supervisor = Supervisor(chosen, listening, folder, arguments)
    signals = Signals(supervisor.abandon, lambda: None)
    port: int = listening.getsockname()[1]
    try:
        supervisor.start()
    except StartError as error:
        supervisor.close()
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    signals.serving()
    banner.log_serving(chosen, port)
    banner.tell(chosen, port)
    signals.wait()
    exit_hard_after(_stop_seconds(chosen) + _KILLED_SECONDS, supervisor.abandon)
    in_order = supervisor.stop()
    log.event(_logger, logging.INFO, "rest.stopped")
    return 0 if in_order else 1


def _stop_seconds(chosen: Settings) -> float:
    # The grace is rounded up to whole seconds.
    return chosen.api_grace_seconds + 1 + HARD_EXIT_SECONDS
