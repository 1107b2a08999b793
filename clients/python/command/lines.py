"""Files of one record a line that may have been cut off in the middle of one."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .files import UsageError

_BLOCK = 1 << 20
# The longest line of CSV that is read, in UTF-8, may be kept as one cell.
_LONGEST_LINE = 1 << 23
_FIRST_OBJECT = b'{"row": 0,'
# Lines without a price.
_BLANK_IN_CSV = re.compile(rb"^\d+,,", re.MULTILINE)
_BLANK_IN_NDJSON = re.compile(rb'^{"row": \d+, "error": {', re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What an output has already.

    Attributes:
        rows: Houses with a whole line.
        rejected: Those of them without a price.
        model_version: Of the last of them, or "".
    """

    rows: int = 0
    rejected: int = 0
    model_version: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What of a file of rejected rows stays.

    Attributes:
        rows: How many entries.
        end: Where the last of them ends, in bytes.
    """

    rows: int = 0
    end: int = 0


def done_so_far(path: str, file: IO[bytes], header: str) -> Done:
    """Returns what an output has, and cuts off a last line that is not whole.

    Args:
        path: Of the output.
        file: The output, open for reading and writing.
        header: Its first line; "" if it is NDJSON.

    Raises:
        UsageError: It is none of ours; it stays as it is.
    """
    start = header.encode()
    file.seek(0)
    head = file.read(len(start) or len(_FIRST_OBJECT))
    lines, whole, rejected = _count(file, _BLANK_IN_CSV if header else _BLANK_IN_NDJSON)
    count = max(lines - bool(header), 0)
    first = start or _FIRST_OBJECT
    found: tuple[int, str] | None = (-1, "")
    if count:
        found = _record(_last_line(file, whole), is_csv=bool(header))
    # Even a first line may be cut off.
    if not first.startswith(head) or found is None or found[0] + 1 != count:
        raise UsageError(f"{path} is none of our outputs, so it cannot be gone on with")
    file.truncate(whole)
    return Done(rows=count, rejected=rejected, model_version=found[1])


def entries_of(path: Path | None, rows: int) -> Kept:
    """Returns which entries of a file of rejected rows are of so many first rows.

    A last entry that is cut off is none: its row is scored again.
    """
    if path is None or rows == 0 or not path.is_file():
        return Kept()
    count, end = 0, 0
    with path.open("rb") as file:
        for line, after in _whole_lines(file):
            number, _, _ = line.partition(b",")
            if number.isdigit() and len(number) < 20:
                if int(number) >= rows:
                    break
                count += 1
            end = after
    return Kept(rows=count, end=end) if count else Kept()


def _whole_lines(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yields the beginning of each line that has an end, and where it ends, in flat memory."""
    end, line = 0, b""
    while part := file.readline(_LONGEST_LINE):
        line = line or part
        end += len(part)
        if part.endswith(b"\n"):
            yield line, end
            line = b""


def _count(file: IO[bytes], blank: re.Pattern[bytes]) -> tuple[int, int, int]:
    """Returns how many whole lines a file has, where they end, and how many of them are blank."""
    file.seek(0)
    count, whole, blanks, at, rest = 0, 0, 0, 0, b""
    while block := file.read(_BLOCK):
        count += block.count(b"\n")
        last = block.rfind(b"\n")
        if last >= 0:
            blanks += len(blank.findall(rest + block[: last + 1]))
            rest, whole = b"", at + last + 1
        # A line that is none of ours may be of any length.
        rest = (rest + block[last + 1 :])[-_LONGEST_LINE:]
        at += len(block)
    return count, whole, blanks


def _last_line(file: IO[bytes], whole: int) -> str:
    start = max(whole - _LONGEST_LINE, 0)
    file.seek(start)
    text = file.read(whole - start).decode(errors="replace")
    return text[:-1].rpartition("\n")[2]


def _record(line: str, *, is_csv: bool) -> tuple[int, str] | None:
    """Returns the row and the model of a line, or None if it is none of ours."""
    try:
        if is_csv:
            row, _, version, *_ = next(csv.reader([line]))
            return int(row), version
        found = json.loads(line)
        return int(found["row"]), str(found["model_version"])
    except (ValueError, KeyError, TypeError, StopIteration, csv.Error):
        return None
