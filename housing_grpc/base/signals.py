"""What signals do to a serving process."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import NoReturn

HARD_EXIT_SECONDS = 2.0
"""How long the end may take once all calls should have ended."""

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_HEARD = (*_STOPPING, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Signals:
    """What SIGTERM, SIGINT and SIGHUP ask for.

    The first of SIGTERM and SIGINT asks for a stop, the next one ends the process at once.
    SIGHUP calls something, never twice at a time, and however many come meanwhile, once more.

    They are heard on a thread of its own. Python runs handlers on the main thread alone,
    and a signal that the system gave to another thread does not wake it from a wait.

    Args:
        at_once: Called before the process ends at once.
        hang_up: Called on SIGHUP.
    """

    def __init__(self, at_once: Callable[[], None], hang_up: Callable[[], None]) -> None:
        self._at_once = at_once
        self._hang_up = hang_up
        self._serving = False
        self._asked = False
        self._stopped: SimpleQueue[None] = SimpleQueue()
        self._hung_up = threading.Event()
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        for target in (self._hear, self._serve_hang_ups):
            threading.Thread(target=target, name="signals", daemon=True).start()
        signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, lambda *_: None)

    def serving(self) -> None:
        """From here on a signal asks; before, there is no call to finish."""
        self._serving = True

    def wait(self) -> None:
        """Waits until a stop is asked for."""
        self._stopped.get()

    def ask(self) -> None:
        """Asks for a stop without a signal."""
        self._asked = True
        self._stopped.put(None)

    def _hear(self) -> None:
        while numbers := self._heard.recv(64):
            for number in numbers:
                self._take(number)

    def _take(self, number: int) -> None:
        if number in _STOPPING:
            if self._asked or not self._serving:
                self._at_once()
                os._exit(128 + number)
            self.ask()
        elif number in _HEARD:
            self._hung_up.set()

    def _serve_hang_ups(self) -> None:
        while True:
            self._hung_up.wait()
            # Before the call, which may miss what has changed since it began.
            # guard: many hang-ups are one
            self._hung_up.clear()
            self._hang_up()


def end(code: int) -> NoReturn:
    """Ends the process with an exit code, whatever its threads do.

    Python would take itself apart first. A thread that then comes back from native code, such as
    a long evaluation, aborts the process.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    # guard: a stop whatever threads do
    os._exit(code)


def exit_hard_after(seconds: float, at_once: Callable[[], None]) -> None:
    """Ends the process with 1 in so many seconds, whatever it does then."""

    def end() -> None:
        at_once()
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
