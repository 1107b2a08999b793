"""The rows that were not scored, with their reasons, in a file of their own."""

import csv
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from ..results import RowError
from ..scores import ChunkScores
from .claim import named, open_claimed
from .files import REJECTED_HEADER
from .lines import entries_of

# A row of a file that is none of houses may have texts of any length.
_LONGEST_TEXT = 500


class Rejected:
    """Writes rejected rows as CSV, one a line; the file is there only if there are some.

    A file that is there already stays as it is until the first answer. What is kept of it
    stays where it is, so that it is not lost if the process is killed at any point.

    Args:
        path: Where they go; None counts them only.
        keep: So many rows are done: their entries stay, where the file is there already.

    Attributes:
        kept: How many entries stayed.
        rows: How many there are by now.
    """

    def __init__(self, path: Path | None, *, keep: int) -> None:
        self.path = path
        self._kept = entries_of(path, keep)
        self.kept = self.rows = self._kept.rows
        self._started = False
        self._file: IO[str] | None = None
        self._writer: Any = None

    def write(self, scores: ChunkScores) -> None:
        """Writes the errors of a chunk; they are in the file when this returns."""
        self.rows += len(scores.errors)
        if self.path is None:
            return
        with named(self.path):
            self._start(self.path)
            if scores.errors:
                entries = (_entry(scores.errors[place]) for place in sorted(scores.errors))
                self._opened(self.path).writerows(entries)
            if self._file is not None:
                self._file.flush()

    def __enter__(self) -> "Rejected":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.path is None:
            return
        with named(self.path):
            try:
                if kind is None:
                    self._start(self.path)
            finally:
                if self._file is not None:
                    self._file.close()

    def _start(self, path: Path) -> None:
        """Cuts off what is not kept, once."""
        if self._started:
            return
        self._started = True
        if path.is_file():
            with open_claimed(path) as file:
                file.truncate(self._kept.end)
            if not self._kept.rows:
                path.unlink()

    def _opened(self, path: Path) -> Any:
        if self._file is None:
            claimed = open_claimed(path)
            self._file = TextIOWrapper(claimed, encoding="utf-8", errors="replace", newline="")
            self._writer = csv.writer(self._file, lineterminator="\n")
            if not self._kept.rows:
                self._writer.writerow(REJECTED_HEADER)
        return self._writer


def _entry(error: RowError) -> tuple[str, ...]:
    fields = " ".join(each.field for each in error.violations)
    return str(error.row), *map(_one_line, (error.code.name, error.reason, fields, error.message))


def _one_line(text: str) -> str:
    """Returns a text without line breaks, by which entries are told apart, and not too long."""
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}…"
    return text if text.isprintable() else " ".join(text.splitlines())
