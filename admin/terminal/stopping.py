"""Ends a command that is asked to stop as Ctrl-C ends it, so that it can tidy up."""

import os
import signal
import sys
import threading
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
# By then whatever has swallowed an exception has ended, and is rarely called again.
_AGAIN_SECONDS = 0.05
_heard = threading.Event()


class StoppedError(BaseException):
    """A signal asked this process to stop; not an Exception, as nobody is to go on after it.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)

    @property
    def exit_code(self) -> int:
        """What a shell says of a process that the signal has ended."""
        return 128 + self.signal


def prepare() -> None:
    """Let signals that end a process raise StoppedError in it, unless they are ignored.

    Neither that nor Ctrl-C is lost where Python drops what is raised, as in callbacks of the
    garbage collector: it is raised again a moment later. Nor is either where the main thread,
    which alone runs Python's handlers, goes on waiting as another thread got the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)
    if not isinstance(sys.unraisablehook, _Dropped):
        sys.unraisablehook = _Dropped()
        heard, told = os.pipe()
        os.set_blocking(told, False)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        threading.Thread(target=_wake, args=[heard], name="stopping", daemon=True).start()


def _stop(number: int, _: FrameType | None) -> None:
    _heard.set()
    # A second one is not to break off the tidying up.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StoppedError(number)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _heard.set()
    raise KeyboardInterrupt


def _wake(told: int) -> None:
    """Sends what came on to the main thread until it has heard of it."""
    main = threading.main_thread().ident
    while numbers := os.read(told, 1):
        while numbers[0] in (*_SIGNALS, signal.SIGINT) and not _heard.wait(_AGAIN_SECONDS):
            signal.pthread_kill(main or 0, numbers[0])


class _Dropped:
    """Hears of exceptions that Python drops; those of signals are raised again."""

    def __init__(self) -> None:
        self._others = sys.unraisablehook

    def __call__(self, dropped: "sys.UnraisableHookArgs", /) -> None:
        error = dropped.exc_value
        if isinstance(error, StoppedError):
            _raise_later(StoppedError(error.signal))
        elif isinstance(error, KeyboardInterrupt):
            _raise_later(KeyboardInterrupt())
        else:
            self._others(dropped)


def _raise_later(error: BaseException) -> None:
    def again(_number: int, _frame: FrameType | None) -> None:
        raise error

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
