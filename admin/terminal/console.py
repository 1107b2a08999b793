"""Speaks to whoever asked: a person at a terminal, a log, or a script that wants JSON.

Results go to standard output; what is only said on the way goes to standard error. At a
terminal there are tables, colours and progress bars; elsewhere there are plain lines.

Much of it comes from a registry or a server, and is shown as what it is: nothing of it moves a
terminal's cursor, begins another line or another column.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Step = Callable[[str], None]
Cells = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Console:
    """Where the words of a command go.

    Attributes:
        as_json: Whether standard output is to hold one JSON document and nothing else.
    """

    as_json: bool = False

    @property
    def interactive(self) -> bool:
        """Whether a person is there to answer questions."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Say something on the way."""
        print(printable(text), file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """Give a line of the result to a person."""
        if not self.as_json:
            print(printable(text), flush=True)

    def give(self, document: Mapping[str, Any] | Sequence[Any]) -> None:
        """Give the whole result to a script; numbers without meaning become null.

        Args:
            document: What may be JSON, and moments, which are written as ISO 8601 has them.
        """
        if self.as_json:
            print(json.dumps(_plain(document), indent=2, allow_nan=False), flush=True)

    def table(
        self,
        columns: Cells,
        rows: Sequence[Cells],
        *,
        title: str = "",
        spare: Sequence[str] = (),
    ) -> None:
        """Give rows of the result to a person; elsewhere than at a terminal, tabs part them.

        Args:
            columns: Names of the columns.
            rows: Texts, one a column.
            title: Stands above the table, at a terminal alone.
            spare: Columns that a terminal which is too narrow does without, the first one first.
        """
        if self.as_json:
            return
        rows = [[printable(cell) for cell in row] for row in rows]
        if not sys.stdout.isatty():
            for row in (columns, *rows):
                print("\t".join(row))
            return
        from .table import show

        show(columns, rows, title=printable(title), spare=spare)

    @contextmanager
    def steps(self, total: int, title: str) -> Iterator[Step]:
        """Show progress at a terminal.

        Args:
            total: How many steps there are.
            title: What they are the steps of.

        Yields:
            To be called as each step begins, with what it does.
        """
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        # What may be too long for the terminal comes last.
        columns = (
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            Elapsed(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns, console=Terminal(stderr=True), transient=True) as progress:
            task = progress.add_task(title, total=total)
            begun = iter(range(total + 1))

            def step(what: str) -> None:
                done = next(begun, total)
                progress.update(task, completed=done, description=f"{title}: {what}")

            yield step

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show at a terminal that something of unknown length goes on."""
        if not sys.stderr.isatty():
            yield
            return
        from rich.console import Console as Terminal

        with Terminal(stderr=True).status(text):
            yield


def printable(text: str) -> str:
    """Return a text in which what cannot be printed is written as Python writes it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(each) for each in value]
    return value
