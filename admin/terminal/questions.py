"""Asks a series of questions at a terminal, in which a person can go back and look things up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console as Terminal
from rich.prompt import Prompt

from ..base.errors import UsageError

Answers = dict[str, str]

HOW_TO = (
    "Enter takes what stands in brackets, - empties it, ? explains, < goes back, Ctrl-C leaves."
)
_EXPLAIN = ("?", "help")
_GO_BACK = ("<", "back")
_EMPTY = "-"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        prompt: What is asked.
        default: What Enter alone answers.
        read: From what was typed to the answer.
        help: What "?" shows.
        intro: What stands above the question, such as a list; "" for nothing.
    """

    prompt: str
    default: str
    read: Callable[[str], str]
    help: str
    intro: str = ""


Step = Callable[[Answers], Question | None]


def ask_all(terminal: Terminal, steps: Sequence[tuple[str, Step]]) -> Answers:
    """Ask question after question; what was answered is the default when it is asked again.

    Args:
        terminal: Where they are asked.
        steps: Of each question the name, and what makes it of the answers before it; None
            where there is nothing to ask.

    Returns:
        The answers, by name.

    Raises:
        EOFError: There is nobody who answers.
    """
    answers: Answers = {}
    terminal.print(HOW_TO, markup=False)
    asked: list[int] = []
    place = 0
    while place < len(steps):
        name, step = steps[place]
        question = step(answers)
        if question is None:
            answers.pop(name, None)
            place += 1
            continue
        answer = _ask(terminal, question, answers.get(name, question.default))
        if answer is not None:
            if answers.get(name, answer) != answer:
                # What was answered further on may not fit any more.
                for later, _ in steps[place:]:
                    answers.pop(later, None)
            answers[name] = answer
            asked.append(place)
            place += 1
        elif asked:
            place = asked.pop()
        else:
            terminal.print("This is the first question.", markup=False)
    return answers


def _ask(terminal: Terminal, question: Question, default: str) -> str | None:
    """Return the answer, or None for the question before."""
    if question.intro:
        terminal.print(f"\n{question.intro}", markup=False)
    while True:
        typed = Prompt.ask(
            question.prompt, default=default, show_default=bool(default), console=terminal
        ).strip()
        if typed in _GO_BACK:
            return None
        if typed in _EXPLAIN:
            terminal.print(question.help, markup=False)
            continue
        if typed == _EMPTY and not question.default:
            typed = ""
        try:
            return question.read(typed)
        except UsageError as error:
            terminal.print(str(error), markup=False)
