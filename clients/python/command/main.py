"""Reads the command line, runs one command, and ends with its exit code.

0 done; 1 the server refused, or a file cannot be used; 2 the command line is wrong;
3 no server answers; 4 some rows were rejected; 130 stopped by Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from ..errors import DeadlineExceededError, HousingError, UnavailableError
from . import options
from .files import UsageError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 3
EXIT_INTERRUPTED = 130

COMMANDS = ("predict", "score", "info", "watch", "reload")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    given = _parser().parse_args(arguments)
    try:
        return int(given.run(given))
    except (UnavailableError, DeadlineExceededError) as error:
        return _fail(f"{given.target}: {error}", EXIT_UNAVAILABLE)
    except (UsageError, HousingError) as error:
        return _fail(str(error), EXIT_USAGE if isinstance(error, UsageError) else EXIT_FAILED)
    except BrokenPipeError:
        # The reader of our output has enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except (OSError, ImportError, ValueError) as error:
        return _fail(_one_line(error), EXIT_FAILED)
    except KeyboardInterrupt:
        return _fail("stopped", EXIT_INTERRUPTED)


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
        command.set_defaults(run=module.run)
    return parser


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error).partition("\n")[0]


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
