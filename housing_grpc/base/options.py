"""Settings from flags and the environment, for every process that has some.

A process declares its settings as one frozen msgspec struct, each field with a
type, its bounds and a description. The variable is the field's name in capitals.
"""

import argparse
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from housing_grpc.base.option_kinds import words
from housing_grpc.base.version import VERSION

S = TypeVar("S", bound=msgspec.Struct)

_LABEL = "[A-Za-z0-9_-]{1,63}"
_IPV6 = r"[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?"
Host = Annotated[str, Meta(pattern=rf"\A(?:(?:{_LABEL}\.)*{_LABEL}\.?|{_IPV6}|\[{_IPV6}\])\Z")]
"""A name or an address to listen on: resolvers raise anything for other texts, or know a scheme."""

Port = Annotated[int, Meta(ge=0, le=65535)]

# Of a value that is wrong.
_MOST_SHOWN = 100
# No path of Linux is longer.
_LONGEST_TEXT = 4096
# What stands for bytes of a path that are not UTF-8.
_ESCAPED = re.compile("[\ud800-\udfff]")

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
            values[name] = convert(_flag(name), flags[name], wanted)
        elif environment.get(variable):
            values[name] = convert(variable, environment[variable], wanted)
    return kind(**values)


def convert(source: str, text: str, wanted: Any) -> Any:
    """Returns the value that a text stands for.

    Args:
        source: The flag or variable, for messages.
        text: As it was given.
        wanted: The type, such as `Port`.

    Raises:
        OptionError: It is none of that type.
    """
    try:
        value = msgspec.convert(text, wanted, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        shown = repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}…"
        raise OptionError(f"{source}={shown}: takes {words(wanted)}") from error
    if isinstance(value, str):
        _check_text(source, value)
    return value


def _check_text(source: str, text: str) -> None:
    # The text itself is not shown: it may be a key, or hold a password.
    if len(text) > _LONGEST_TEXT:
        raise OptionError(f"{source} is longer than {_LONGEST_TEXT} characters; check it")
    if not _ESCAPED.sub("", text).isprintable():
        raise OptionError(
            f"{source} holds a character that cannot be printed, such as the end of a line; take "
            "it out"
        )


def _kinds(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


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
