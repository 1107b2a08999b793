"""The rows that were not scored, with their reasons, in a file of their own."""

import csv
from pathlib import Path
from typing import IO, Any

from ..results import RowError
from ..scores import ChunkScores
from .files import REJECTED_HEADER, rejected_up_to


class Rejected:
    """Writes rejected rows as CSV; the file is there only if there are some.

    A file that is there already stays as it is until the first answer.

    Args:
        path: Where they go; None counts them only.
        keep: Entries of rows up to this one stay, where the file is there already.
    """

    def __init__(self, path: Path | None, *, keep: int) -> None:
        self.path = path
        self._kept = rejected_up_to(path, keep)
        self.rows = len(self._kept)
        self._replaced = False
        self._file: IO[str] | None = None
        self._writer: Any = None

    def write(self, scores: ChunkScores) -> None:
        """Writes the errors of a chunk; they are in the file when this returns."""
        self._replace()
        for place in sorted(scores.errors):
            self.rows += 1
            self._add(_entry(scores.errors[place]))
        if self._file is not None:
            self._file.flush()

    def __enter__(self) -> "Rejected":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._replace()
        if self._file is not None:
            self._file.close()

    def _replace(self) -> None:
        if self._replaced:
            return
        self._replaced = True
        for entry in self._kept:
            self._add(entry)
        if self.path is not None and not self._kept and self.path.is_file():
            self.path.unlink()

    def _add(self, entry: tuple[str, ...]) -> None:
        if self.path is None:
            return
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(REJECTED_HEADER)
        self._writer.writerow(entry)


def _entry(error: RowError) -> tuple[str, ...]:
    place = f"items[{error.row}]"
    fields = " ".join(each.field.removeprefix(f"{place}.") for each in error.violations)
    message = error.message.removeprefix(place).lstrip(".: ").replace(f"{place}.", "")
    return str(error.row + 1), error.code.name, error.reason, fields.replace(place, ""), message
