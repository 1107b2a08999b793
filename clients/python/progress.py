"""Tells how far a job is, on a terminal or to a function."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from .ledger import Tally

Progress = bool | Callable[[Tally], None]

_WIDTH = 24
_PAUSE = 0.1


class Bar:
    """One line on a terminal that is written anew; nothing where there is no terminal.

    Args:
        stream: Where it goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._started = time.monotonic()
        self._next = 0.0

    def __call__(self, tally: Tally) -> None:
        """Shows how far a job is, at most ten times a second."""
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + _PAUSE
            self._write(tally, now)

    def close(self, tally: Tally) -> None:
        """Shows how far the job came, and leaves the line."""
        if self._shown:
            self._write(tally, time.monotonic())
            self._stream.write("\n")
            self._stream.flush()

    def _write(self, tally: Tally, now: float) -> None:
        self._stream.write(f"\r\x1b[K{line(tally, now - self._started)}")
        self._stream.flush()


def line(tally: Tally, seconds: float) -> str:
    """Returns how far a job is as one line.

    Args:
        tally: Of the job.
        seconds: Since its start.
    """
    rate = tally.rows / seconds if seconds > 0 else 0.0
    parts = [f"{tally.rows:,} rows", f"{rate:,.0f} rows/s"]
    if tally.total:
        done = min(tally.rows / tally.total, 1.0)
        full = round(done * _WIDTH)
        parts.insert(0, f"{done:4.0%} [{'#' * full}{'.' * (_WIDTH - full)}]")
        if rate > 0:
            parts.append(f"{max(tally.total - tally.rows, 0) / rate:,.0f} s left")
    if tally.errors:
        parts.append(f"{tally.errors:,} rejected")
    if tally.resumes:
        parts.append(f"{tally.resumes} resumed")
    return "  ".join(parts)


def reporter(progress: Progress) -> tuple[Callable[[Tally], None], Callable[[Tally], None]]:
    """Returns what is called after each chunk, and what at the end."""
    if callable(progress):
        return progress, progress
    if progress:
        bar = Bar(sys.stderr)
        return bar, bar.close
    return _nothing, _nothing


def _nothing(_tally: Tally) -> None:
    pass
