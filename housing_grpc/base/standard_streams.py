"""Standard input, output and errors as a program relies on them, whatever it was started with.

Where one of the three is closed, the next file that is opened would get its number, and what
libraries print would be written into that file. Where one cannot be written to, as on a full disk,
words on standard error are lost, which ends nothing; what was asked for is not lost in silence,
be it that the disk is full or that nobody opened standard output.
"""

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from housing_grpc.base import foreign_variable

_INPUT, _OUTPUT, _ERROR = range(3)
_PIPE_CLOSED = 128 + 13
_USAGE = 2


class OutputError(Exception):
    """Standard output takes no more; no OSError, which would be taken for one of a file.

    Args:
        error: What it was.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(f"standard output cannot be written to: {error.strerror}")
        self.is_closed_pipe = error.errno == errno.EPIPE


def watched(run: Callable[[], int], *, lost: int = 1) -> int:
    """Runs a program, and returns its exit code.

    That is 2 where a library can make nothing of a variable, which is named.

    Args:
        run: The program; returns its exit code, or raises SystemExit.
        lost: The code, should standard output not take what the program has to say. Where its
            reader has enough, it is that of SIGPIPE.
    """
    prepare()
    try:
        refusal = foreign_variable.refusal()
        if refusal:
            return _refuse(refusal)
        try:
            code = run()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        sys.stdout.flush()
    except OutputError as error:
        _give_up_output()
        if error.is_closed_pipe:
            return _PIPE_CLOSED
        print(f"error: {error}", file=sys.stderr)
        return lost
    except Exception as error:
        blamed = foreign_variable.complaint(error)
        if not blamed:
            raise
        return _refuse(blamed)
    return code


def _refuse(text: str) -> int:
    print(f"error: {text}", file=sys.stderr)
    return _USAGE


def tell(text: str) -> None:
    """Prints what is for people alone; where nobody can read it, the program goes on."""
    try:
        print(text, flush=True)
    except OutputError:
        _give_up_output()


def prepare() -> None:
    """Opens what is closed, and has faults of the three told apart from those of files."""
    for number in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest number that is free: this one. Children are to have it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            _Output.is_closed |= number == _OUTPUT
    if sys.stdin is None:
        sys.stdin = open(_INPUT, closefd=False)  # noqa: SIM115 (it has no path, and stays)
    sys.stdout = _text(_Output(_OUTPUT, "w", closefd=False), sys.stdout, line_by_line=False)
    sys.stderr = _text(_Errors(_ERROR, "w", closefd=False), sys.stderr, line_by_line=True)


class _Output(io.FileIO):
    # Only what this process says is refused: libraries and children may write where they like.
    is_closed = False

    def write(self, data: Any, /) -> int:
        if self.is_closed:
            raise OutputError(OSError(errno.EBADF, "it is closed"))
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error) from error


class _Errors(io.FileIO):
    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


def _text(raw: io.FileIO, before: TextIO | None, *, line_by_line: bool) -> TextIO:
    if before is not None:
        before.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before else "utf-8",
        errors=before.errors if before else "backslashreplace",
        # Line by line also where Python is asked to keep nothing back, as in a container.
        line_buffering=line_by_line or raw.isatty() or getattr(before, "write_through", False),
    )


def _give_up_output() -> None:
    # Or else what is left of it would fail once more when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT)
    _Output.is_closed = False
