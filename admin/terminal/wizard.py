"""Asks at a terminal what to train."""

import shlex
from collections.abc import Mapping, Sequence
from types import ModuleType

from rich.console import Console as Terminal

from .. import models, preprocessing
from ..base.discovery import guess
from ..base.errors import UsageError
from ..base.parameters import parse
from ..strategies.strategy import ModelStrategy, PreprocessingStrategy, example, merge
from ..training.spec import DEFAULT_FOLDS, DEFAULT_MODEL, DEFAULT_PREPROCESSING
from .questions import Answers, Question, Step, ask_all

Flags = dict[str, str | None]
Strategy = ModelStrategy | PreprocessingStrategy

_NO_FOLDS = "0"
_WORDS = {"y": "yes", "yes": "yes", "n": "no", "no": "no"}


def ask() -> Flags:
    """Ask for everything that matters, and return the flags that say the same.

    Raises:
        KeyboardInterrupt: The person left, also by ending the input.
    """
    terminal = Terminal(stderr=True, highlight=False)
    try:
        answers = ask_all(terminal, _STEPS)
    except EOFError as error:
        raise KeyboardInterrupt from error
    folds = answers["cv"]
    return {
        "model": answers["model"],
        "preprocessor": answers["preprocessor"],
        "params": answers.get("params") or None,
        "preprocessor_params": answers.get("preprocessor_params") or None,
        "cv": None if folds == _NO_FOLDS else folds,
        "no_neighbours": "True" if answers["no_neighbours"] == "yes" else None,
        "register": "True" if answers["register"] == "yes" else None,
    }


def command(flags: Mapping[str, str | None]) -> str:
    """Return what to type next time instead of answering again."""
    parts = ["housing-admin train"]
    for name, value in flags.items():
        if value == "True":
            parts.append(f"--{name}")
        elif value:
            parts.append(f"--{name} {shlex.quote(value)}")
    return " ".join(parts)


def _choice(title: str, package: ModuleType, default: str, explained: str) -> Step:
    """Return what asks for one of the strategies of a package."""

    def step(_: Answers) -> Question:
        names = package.names()
        width = max(map(len, names))
        lines = [
            f"  {number}  {name:<{width}}  {_summary(package, name)}".rstrip()
            for number, name in enumerate(names, start=1)
        ]
        return Question(
            prompt="Number or name",
            default=default if default in names else names[0],
            read=lambda typed: _one_of(package, typed),
            help=explained,
            intro="\n".join((f"{title}:", *lines)),
        )

    return step


def _summary(package: ModuleType, name: str) -> str:
    try:
        strategy: Strategy = package.get(name)
    except UsageError as error:
        # The others can be chosen.
        return str(error)
    return strategy.summary or strategy.title


def _one_of(package: ModuleType, typed: str) -> str:
    names: Sequence[str] = package.names()
    if typed.isdecimal() and 1 <= int(typed) <= len(names):
        typed = names[int(typed) - 1]
    if typed in names:
        # One that cannot be imported is refused while another can be chosen.
        package.get(typed)
        return typed
    raise UsageError(
        f"There is no {typed!r}{guess(typed.lower(), names)};"
        f" give a number from 1 to {len(names)}, or a name."
    )


def _parameters(package: ModuleType, chosen: str) -> Step:
    """Return what asks for the parameters of the strategy that was chosen before."""

    def step(answers: Answers) -> Question | None:
        strategy: Strategy = package.get(answers[chosen])
        if not strategy.defaults:
            return None
        uses = ", ".join(f"{name}={value}" for name, value in strategy.defaults.items())
        such = example(strategy)
        return Question(
            prompt=f"Change some, such as {such}",
            default="",
            read=lambda typed: _checked(strategy, typed),
            help="NAME=VALUE, with commas between several; the names are those above.",
            intro=f"{strategy.title} uses {uses}",
        )

    return step


def _checked(strategy: Strategy, typed: str) -> str:
    merge(strategy, parse(typed, strategy.name))
    return typed.replace(" ", "")


def _folds(_: Answers) -> Question:
    return Question(
        prompt="Folds of the cross-validation, 0 for none",
        default=str(DEFAULT_FOLDS),
        read=_fold_count,
        help="The houses are split into so many parts, each of which is priced by a model that is"
        " trained on the others: a score for every house, with its spread. It takes so many"
        " trainings more.",
    )


def _fold_count(typed: str) -> str:
    if not (typed.isascii() and typed.isdecimal()) or int(typed) == 1:
        raise UsageError("Give 0, or 2 or more.")
    return str(int(typed))


def _no_neighbours(_: Answers) -> Question:
    return Question(
        prompt="Keep houses of the data out of the bundle? (yes or no)",
        default="no",
        read=_yes_or_no,
        help="A bundle holds the houses of the data, or 2,000 centres of them, to tell which houses"
        " the model cannot know. If whoever gets the bundle may not see them, answer yes: that is"
        " then told, less well, from the columns and their correlations.",
    )


def _register(_: Answers) -> Question:
    return Question(
        prompt="Register the result? (yes or no)",
        default="no",
        read=_yes_or_no,
        help="Only what is registered can be promoted and served. A run can also be registered"
        " later: housing-admin register RUN",
    )


def _yes_or_no(typed: str) -> str:
    if typed.lower() not in _WORDS:
        raise UsageError("Give yes or no.")
    return _WORDS[typed.lower()]


_STEPS: Sequence[tuple[str, Step]] = (
    (
        "model",
        _choice(
            "Model (RMSE: of the shipped data, in thousands of dollars)",
            models,
            DEFAULT_MODEL,
            "What learns prices from houses. Without a reason for another, take the default; "
            "README.md has all scores.",
        ),
    ),
    ("params", _parameters(models, "model")),
    (
        "preprocessor",
        _choice(
            "Preprocessing",
            preprocessing,
            DEFAULT_PREPROCESSING,
            "What stands in for a value that a house lacks. The three differ little in their"
            " scores on the shipped data.",
        ),
    ),
    ("preprocessor_params", _parameters(preprocessing, "preprocessor")),
    ("cv", _folds),
    ("no_neighbours", _no_neighbours),
    ("register", _register),
)
