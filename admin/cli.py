"""The command line, `housing-admin`: from arguments to a command and an exit code.

Fire reads the arguments, but a command runs only after all of them are understood: by
itself, Fire would train a model first and then complain about a misspelt flag.
"""

import contextlib
import inspect
import io
import re
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import fire
from fire.core import FireExit

from housing_grpc.base import foreign_variable
from housing_grpc.base.standard_streams import OutputError
from housing_table.columns import FEATURES

from . import commands
from .base import mlflow_environment, options, settings
from .base.discovery import guess
from .base.errors import AdminError, UsageError
from .command_list import CommandList
from .terminal import stopping
from .terminal.console import Console, printable
from .terminal.stopping import StoppedError

_NAME = "housing-admin"
_HELP = ("-h", "--help")
_DEBUG = "--debug"
_WITH_ARGUMENT = frozenset(
    {
        "backup",
        "challenge",
        "compare",
        "gate",
        "keygen",
        "promote",
        "register",
        "feedback",
        "replay",
        "restore",
        "skew",
        "upgrade",
    }
)
_SWITCHES = frozenset(
    {"--dry-run", "--dry_run", "--force", "--json", "--receipt", "--replace", "--stop", "--tls"}
)
_INTERRUPTED = 130
_UNEXPECTED = 1
_NOT_USABLE = 4
_COMMANDS = tuple(name for name in vars(CommandList) if not name.startswith("_"))

_Choice = tuple[str, Mapping[str, Any], bool]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code.

    Args:
        arguments: Of the command line; by default those of this process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _run([argument for argument in given if argument != _DEBUG])
    except OutputError:
        raise
    except (Exception, KeyboardInterrupt, StoppedError) as error:  # noqa: BLE001 (nobody above could report it)
        if _DEBUG in given:
            for line in traceback.format_exc().rstrip("\n").split("\n"):
                print(printable(line), file=sys.stderr)
        text, code = _outcome(error)
        print(printable(text), file=sys.stderr)
        return code
    return 0


def _run(arguments: list[str]) -> None:
    name = arguments[0] if arguments else _HELP[0]
    if any(argument in _HELP for argument in (name, *arguments)):
        print(_tidy(_fire([*([name] if name in _COMMANDS else []), "--", "--help"])[1]))
        return
    _check_plain(arguments)
    if name in _WITH_ARGUMENT:
        # Fire would take what follows, such as a file, for the value of a flag that has none.
        arguments = [f"{each}=True" if each in _SWITCHES else each for each in arguments]
    if name not in _COMMANDS:
        hint = guess(name, _COMMANDS)
        raise UsageError(f"there is no command {name!r}{hint}; there are: {', '.join(_COMMANDS)}")
    _check_folder()
    command, given, as_json = _fire(arguments)[0][0]
    stopping.prepare()
    mlflow_environment.ignore_warnings()
    mlflow_environment.configure()
    commands.run(command, Console(as_json=as_json), settings.from_environment(), **given)


def _check_folder() -> None:
    """Refuse to run in a folder that is gone, which libraries would take for a fault of a file.

    Raises:
        UsageError: It is.
    """
    try:
        Path.cwd()
    except OSError as error:
        raise UsageError(
            "the folder that this runs in is gone, or may not be read; change to another one"
        ) from error


def _check_plain(arguments: list[str]) -> None:
    """Refuse what Fire itself would take for an order.

    Raises:
        UsageError: There is "--", which Fire's own flags follow, or "-", which begins another
            command, or the name of an attribute that every Python object has.
    """
    name, before = arguments[0], ""
    for argument in arguments:
        hidden = argument.startswith("__") and not before.startswith("-")
        if argument in ("-", "--") or hidden:
            command = f"{name} " if name in _COMMANDS else ""
            raise UsageError(
                f"{command or f'{_NAME} '}does not take {argument}; see: {_NAME} {command}--help"
            )
        before = argument


def _fire(arguments: list[str]) -> tuple[list[_Choice], str]:
    """Let Fire read the arguments; return what was chosen, and what Fire said."""
    chosen: list[_Choice] = []
    said = io.StringIO()

    def choose(command: str, given: Mapping[str, Any], as_json: str | None) -> None:
        chosen.append((command, given, options.flag(as_json, "--json")))

    try:
        # Fire has nothing to page through where it does not write to a terminal.
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            fire.Fire(CommandList(choose), command=arguments, name=_NAME)
    except FireExit as left:
        if left.code:
            raise UsageError(_complaint(left, arguments[0])) from left
    return chosen, said.getvalue().strip()


def _tidy(text: str) -> str:
    """Leave out of Fire's help what says nothing to a person."""
    text = text.partition("\n\nGROUPS\n")[0].replace(f"'{_NAME}'", _NAME)
    return re.sub(r"\n +(Type: .*|Default: None)", "", text).replace("GROUP | ", "")


def _complaint(left: FireExit, command: str) -> str:
    text = left.trace.elements[-1].ErrorAsStr()
    see = f"see: {_NAME} {command} --help"
    unknown = re.search(r"Could not consume arg(?:uments)?: (.*)", text)
    if unknown:
        hint = guess(_flag(unknown[1].partition(" ")[0]), _flags(command))
        return f"{command} does not take {unknown[1] or repr('')}{hint}; {see}"
    missing = re.search(r"no value for the required argument: (\w+)", text)
    if missing:
        return f"{command} needs {missing[1].upper()}; {see}"
    return f"{command}: {text.partition(chr(10))[0]}; {see}"


def _flags(command: str) -> list[str]:
    names = list(inspect.signature(getattr(CommandList, command)).parameters)[1:]
    return [_flag(name) for name in (*names, *(FEATURES if "features" in names else ()))]


def _flag(text: str) -> str:
    """Write a name as a flag, also that of NAME=VALUE, as the other command line has it."""
    return f"--{text.lstrip('-').partition('=')[0].replace('-', '_')}"


def _outcome(error: BaseException) -> tuple[str, int]:
    """Return what to say of an error, in one line, and the exit code."""
    if isinstance(error, AdminError):
        return f"error: {error}", error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", _INTERRUPTED
    if isinstance(error, StoppedError):
        return f"stopped by {error.signal.name}", error.exit_code
    blamed = foreign_variable.complaint(error)
    if blamed:
        return f"error: {blamed}", UsageError.exit_code
    if isinstance(error, OSError) and error.filename is not None:
        # Of the home, mostly, which may be another user's.
        reason = error.strerror or type(error).__name__
        check = "check that it is there, and that you may use it"
        return f"error: {error.filename}: {reason}; {check}", _NOT_USABLE
    text = str(error).partition("\n")[0]
    kind = type(error).__name__
    return f"error: unexpected {kind}: {text}; run again with {_DEBUG} for more", _UNEXPECTED
