"""Reads the command line, runs one command, and ends with its exit code.

0 done; 1 the server refused, or a file cannot be used; 2 the command line is wrong;
3 no server answers; 4 some rows were rejected; 130 stopped by Ctrl-C; 141 the reader of the
output has enough; 143 stopped by SIGTERM.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

from ..errors import DeadlineExceededError, HousingError, UnavailableError
from ..house import FEATURES
from . import foreign_variable, options, probe
from .files import UsageError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_INTERRUPTED = 128 + 2
EXIT_BROKEN_PIPE = 128 + 13
EXIT_TERMINATED = 128 + 15

COMMANDS = ("predict", "score", "feedback", "info", "watch", "reload", "rollback")


class TerminatedError(KeyboardInterrupt):
    """SIGTERM came; files are closed as after Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code.

    Args:
        arguments: Of the command; by default those of this process.
    """
    given, unknown = _parser().parse_known_args(arguments)
    if unknown:
        # By itself, argparse would show the usage of `housing` alone.
        given.refuse(f"unrecognized arguments: {' '.join(unknown)}{_hint(unknown[0])}")
    try:
        with _terminable():
            return int(given.run(given))
    except (UnavailableError, DeadlineExceededError) as error:
        return _no_answer(given, error)
    except (UsageError, HousingError) as error:
        return _fail(str(error), EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED)
    except BrokenPipeError:  # Of a named pipe; that of standard output is no OSError.
        return EXIT_BROKEN_PIPE
    except (OSError, ImportError, ValueError) as error:
        blamed = foreign_variable.complaint(error)
        return _fail(blamed, EXIT_USAGE) if blamed else _fail(_one_line(error), EXIT_FAILED)
    except KeyboardInterrupt as stop:
        is_terminated = isinstance(stop, TerminatedError)
        return _fail("stopped", EXIT_TERMINATED if is_terminated else EXIT_INTERRUPTED)


@contextmanager
def _terminable() -> Iterator[None]:
    """Lets SIGTERM end a command as Ctrl-C does; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(*_: object) -> NoReturn:
    raise TerminatedError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="housing", description="House prices from a prediction server.", epilog=options.EPILOG
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = import_module(f".{name}", __package__)
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        options.add_connection(command)
        module.add_arguments(command)
        command.set_defaults(run=module.run, refuse=command.error)
    return parser


def _hint(argument: str) -> str:
    """Says how a feature is given to one who writes a flag, as housing-admin takes it."""
    name = argument.lstrip("-").partition("=")[0].upper()
    return f"; a feature is given as NAME=VALUE, such as {name}=6.5" if name in FEATURES else ""


def _no_answer(given: argparse.Namespace, error: HousingError) -> int:
    _fail(f"{given.target}: {error}", EXIT_UNAVAILABLE)
    # Without a reason, no server has said anything.
    if isinstance(error, UnavailableError) and not error.reason:
        for line in probe.findings(given.target, options.tls(given)):
            print(f"  {line}", file=sys.stderr)
    return EXIT_UNAVAILABLE


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror or error}"
    return str(error).partition("\n")[0]


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
