"""Ends a command that is told to stop as Ctrl-C ends it, so that it can tidy up."""

import signal
import threading
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class StoppedError(BaseException):
    """A signal told this process to stop; not an Exception, as nobody is to go on after it.

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
    """Let signals that end a process raise StoppedError in it, unless they are ignored."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    # A second one is not to break off the tidying up.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise StoppedError(number)
