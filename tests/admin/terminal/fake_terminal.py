"""A command at a real pseudo-terminal, with somebody who types."""

import codecs
import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.waiting import SECONDS

ROOT = Path(__file__).parents[3]
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_BEGUN = re.compile(r"\x1b(\[[0-9;?]*)?\Z")
# Between two tries of a key: one that was heard is to have its effect before the next.
_KEY_SECONDS = 10.0


class Terminal:
    """Runs `python -m admin` with a terminal of its own."""

    def __init__(self, *arguments: str, home: Path, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._begun = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "admin", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            env=environment_of(home, **{"TERM": "xterm", "COLUMNS": "160", **environment}),
            start_new_session=True,
            # So that Ctrl-C reaches it as it would a person's command.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)

    def expect(self, text: str, seconds: float = 60) -> None:
        """Wait until the command has written a text since the last one that was waited for."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            if not self._read(deadline):
                raise AssertionError(f"{text!r} did not come; there was: {self.text!r}")
        self.text = self.text.partition(text)[2]

    def type(self, line: str) -> None:
        os.write(self._master, line.encode())

    def leave(self, key: str, seconds: float = 60) -> int:
        """Type a key until the command ends: one that comes just before the read is lost."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.type(key)
            while self._read(time.monotonic() + _KEY_SECONDS):
                pass
            if self.process.poll() is not None:
                break
        return self.end()

    def end(self, seconds: float = 60) -> int:
        """Return the exit code, with all that was written in `text`."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        os.close(self._master)
        return self.process.wait(timeout=seconds)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # The other end is closed.
            return False
        # A read may end within a character, or within what sets a colour.
        found = self._begun + self._decoder.decode(data)
        begun = _BEGUN.search(found)
        self._begun = begun[0] if begun else ""
        self.text += _CONTROL.sub("", found.removesuffix(self._begun))
        return bool(data)


def environment_of(home: Path, **more: str) -> Mapping[str, str]:
    """Return the environment of a command that uses a home folder."""
    return {
        **os.environ,
        "HOUSING_HOME": str(home),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}",
        **more,
    }


def unmeasured(environment: Mapping[str, str]) -> dict[str, str]:
    """Return that of a process that hears of signals before any other code does."""
    return {name: text for name, text in environment.items() if not name.startswith("COV")}


def admin(home: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command where there is no terminal."""
    return subprocess.run(
        [sys.executable, "-m", "admin", *arguments],
        cwd=ROOT,
        env=environment_of(home, **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
