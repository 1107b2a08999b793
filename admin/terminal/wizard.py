"""Asks at a terminal what to train."""

import shlex
from collections.abc import Mapping, Sequence

from rich.console import Console as Terminal
from rich.prompt import Confirm, IntPrompt, Prompt

from .. import models, preprocessing
from ..base.errors import UsageError
from ..base.parameters import parse
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy, merge
from ..training.spec import DEFAULT_FOLDS, DEFAULT_MODEL, DEFAULT_PREPROCESSING

Flags = dict[str, str | None]


def ask() -> Flags:
    """Ask for everything that matters, and return the flags that say the same.

    Raises:
        KeyboardInterrupt: The person left, also by ending the input.
    """
    terminal = Terminal(stderr=True, highlight=False)
    try:
        return _ask(terminal)
    except EOFError as error:
        raise KeyboardInterrupt from error


def command(flags: Mapping[str, str | None]) -> str:
    """Return what to type next time instead of answering again."""
    parts = ["housing-admin train"]
    for name, value in flags.items():
        if value == "True":
            parts.append(f"--{name}")
        elif value:
            parts.append(f"--{name} {shlex.quote(value)}")
    return " ".join(parts)


def _ask(terminal: Terminal) -> Flags:
    model = _choose(terminal, "Model", models.names(), DEFAULT_MODEL)
    params = _parameters(terminal, models.get(model))
    filling = _choose(terminal, "Preprocessing", preprocessing.names(), DEFAULT_PREPROCESSING)
    filling_params = _parameters(terminal, preprocessing.get(filling))
    folds = None
    if Confirm.ask("Cross-validate?", default=True, console=terminal):
        folds = _folds(terminal)
    register = Confirm.ask("Register the result?", default=False, console=terminal)
    return {
        "model": model,
        "preprocessor": filling,
        "params": params,
        "preprocessor_params": filling_params,
        "cv": folds,
        "register": "True" if register else None,
    }


def _choose(terminal: Terminal, title: str, names: Sequence[str], default: str) -> str:
    terminal.print(f"\n{title}:", markup=False)
    for number, name in enumerate(names, start=1):
        terminal.print(f"  {number}  {name}", markup=False)
    usual = names.index(default) + 1 if default in names else 1
    while True:
        answer = Prompt.ask("Number or name", default=str(usual), console=terminal).strip()
        if answer in names:
            return answer
        if answer.isdecimal() and 1 <= int(answer) <= len(names):
            return names[int(answer) - 1]
        terminal.print(
            f"There is no {answer!r}; give a number from 1 to {len(names)}.", markup=False
        )


def _parameters(terminal: Terminal, strategy: ModelStrategy | PreprocessingStrategy) -> str | None:
    if not strategy.defaults:
        return None
    settings = ", ".join(f"{name}={value}" for name, value in strategy.defaults.items())
    terminal.print(f"{strategy.title} uses {settings}", markup=False)
    while True:
        answer = Prompt.ask(
            "Change (NAME=VALUE, ...)", default="", show_default=False, console=terminal
        )
        try:
            merge(strategy, parse(answer, "parameters"))
        except UsageError as error:
            terminal.print(f"{error}", markup=False)
        else:
            return answer.replace(" ", "") or None


def _folds(terminal: Terminal) -> str:
    while True:
        folds = IntPrompt.ask("Folds", default=DEFAULT_FOLDS, console=terminal)
        if folds >= 2:
            return str(folds)
        terminal.print("Give 2 or more.", markup=False)
