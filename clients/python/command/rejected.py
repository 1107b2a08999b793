"""The rows that were not scored, with their reasons, in a file of their own."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..results import RowError
from ..scores import ChunkScores

_HEADER = ("row", "code", "reason", "field", "message")


class Rejected:
    """Writes rejected rows as CSV; the file is there only if there are some.

    Args:
        path: Where they go; None counts them only.
        keep: Entries of rows up to this one stay, where the file is there already.
    """

    def __init__(self, path: Path | None, *, keep: int) -> None:
        self.path = path
        self.rows = 0
        self._file: IO[str] | None = None
        self._writer: Any = None
        kept = list(self._kept(keep))
        if path is not None:
            path.unlink(missing_ok=True)
        for entry in kept:
            self._add(entry)

    def write(self, scores: ChunkScores) -> None:
        """Writes the errors of a chunk; they are in the file when this returns."""
        for place in sorted(scores.errors):
            self._add(_entry(scores.errors[place]))
        if self._file is not None:
            self._file.flush()

    def __enter__(self) -> "Rejected":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def _kept(self, keep: int) -> Iterator[tuple[str, ...]]:
        if self.path is None or keep == 0 or not self.path.exists():
            return
        with self.path.open(encoding="utf-8", newline="") as file:
            for entry in csv.reader(file):
                # The last line may be cut off; its row is scored again.
                if len(entry) == len(_HEADER) and entry[0].isdigit() and int(entry[0]) <= keep:
                    yield tuple(entry)

    def _add(self, entry: tuple[str, ...]) -> None:
        self.rows += 1
        if self.path is None:
            return
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file, lineterminator="\n")
            self._writer.writerow(_HEADER)
        self._writer.writerow(entry)


def _entry(error: RowError) -> tuple[str, ...]:
    place = f"items[{error.row}]"
    fields = " ".join(each.field.removeprefix(f"{place}.") for each in error.violations)
    message = error.message.removeprefix(place).lstrip(".: ").replace(f"{place}.", "")
    return str(error.row + 1), error.code.name, error.reason, fields.replace(place, ""), message
