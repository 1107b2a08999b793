"""Runs the gRPC server and the REST proxy together: `python -m housing_grpc.up`.

Both are set by variables alone. A signal stops both; if one ends, so does the other.
"""

import os
import signal
import subprocess
import sys
import time
from types import FrameType

from housing_grpc import settings
from housing_grpc.errors import EXIT_SETTINGS, StartError
from housing_grpc.options import OptionError
from housing_grpc.rest import settings as rest_settings

_POLL_SECONDS = 0.1


class Together:
    """Processes that start and end as one."""

    def __init__(self) -> None:
        self._children: list[subprocess.Popen[bytes]] = []
        self._stopping = False

    def start(self, module: str) -> None:
        """Starts `python -m module`, which reads the same variables."""
        child = subprocess.Popen(
            [sys.executable, "-m", module],
            # Ctrl-C reaches a whole process group; each child is to get one signal, from here.
            process_group=0 if os.name == "posix" else None,
        )
        self._children.append(child)
        if self._stopping:  # Since before it was among the children.
            child.terminate()

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Asks all of them to end; asked again, they end at once."""
        self._stopping = True
        for child in self._children:
            if child.poll() is None:
                child.terminate()

    def wait(self) -> int:
        """Returns the exit code when all have ended: that of the first which failed."""
        while all(child.poll() is None for child in self._children):
            time.sleep(_POLL_SECONDS)
        ended = [child.returncode for child in self._children if child.returncode is not None]
        if not self._stopping:
            self.stop()
        codes = ended + [child.wait() for child in self._children]
        # A process that a signal ended has its number, negative; shells add 128.
        return next((code if code > 0 else 128 - code for code in codes if code), 0)


def main() -> int:
    """Runs both until a signal comes or one of them ends; returns the exit code."""
    try:
        port = settings.load([]).grpc_port
        rest_settings.load([])
    except StartError as error:
        return _fail(str(error), error.exit_code)
    except OptionError as error:
        return _fail(str(error), EXIT_SETTINGS)
    if port == 0:
        return _fail("GRPC_PORT=0: the REST proxy has to know the port", EXIT_SETTINGS)
    both = Together()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, both.stop)
    both.start("housing_grpc")
    both.start("housing_grpc.rest")  # Its target follows GRPC_HOST and GRPC_PORT.
    return both.wait()


def _fail(message: str, exit_code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
