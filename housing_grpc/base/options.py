"""Settings from flags and the environment, for every process that has some.

A process declares its settings as one frozen msgspec struct, each field with a
type, its bounds and a description. The variable is the field's name in capitals.
"""

import argparse
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from housing_grpc.base.option_kinds import words
from housing_grpc.base.version import VERSION

S = TypeVar("S", bound=msgspec.Struct)

# Of a value that is wrong.
_MOST_SHOWN = 100

SECRET = object()
"""Marks a setting that has no flag, since everyone on a machine may list its processes."""


class OptionError(Exception):
    """A value is wrong; the text names the flag or variable, and the value."""


def load(
    kind: type[S],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    program: str,
    description: str,
) -> S:
    """Reads settings: a flag before a variable before the default.

    Args:
        kind: The struct; each field is Annotated with a description.
        arguments: The command line, without the program's name.
        environment: The variables; one that is empty counts as absent.
        program: How the process is started, for `--help`.
        description: What it does, for `--help`.

    Raises:
        OptionError: A value is wrong.
    """
    flags = vars(_parser(kind, program, description).parse_args(arguments))
    values = {}
    for name, wanted in _kinds(kind).items():
        variable = name.upper()
        if flags.get(name) is not None:
            values[name] = _convert(_flag(name), flags[name], wanted)
        elif environment.get(variable):
            values[name] = _convert(variable, environment[variable], wanted)
    return kind(**values)


def _kinds(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _convert(source: str, text: str, wanted: Any) -> Any:
    try:
        return msgspec.convert(text, wanted, strict=False)
    except msgspec.ValidationError as error:
        shown = repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}…"
        raise OptionError(f"{source}={shown}: takes {words(wanted)}") from error


def _parser(kind: type[msgspec.Struct], program: str, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        allow_abbrev=False,
        description=description,
        epilog="Each flag can be set by the variable named beside it.",
    )
    # Answered before this is reached (`housing_grpc.base.version`): here for `--help`.
    parser.add_argument("--version", action="version", version=VERSION)
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for name, wanted in _kinds(kind).items():
        if SECRET in wanted.__metadata__:
            continue
        text = next(m.description for m in reversed(wanted.__metadata__) if m.description)
        default = fields[name].default
        parser.add_argument(
            _flag(name),
            metavar="VALUE",
            help=f"{text} [{name.upper()}; default: {default if default != '' else 'none'}]",
        )
    return parser
