"""Outputs of one record a line that may have been cut off in the middle of one."""

import json
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO

from .files import UsageError

_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 16
_FIRST_OBJECT = b'{"row": 1,'


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What an output has already.

    Attributes:
        rows: Houses with a whole line.
        model_version: Of the last of them, or "".
    """

    rows: int = 0
    model_version: str = ""


def done_so_far(path: str | PathLike[str], header: str) -> Done:
    """Returns what an output has, and cuts off a last line that is not whole.

    Args:
        path: Of the output.
        header: Its first line; "" if it is NDJSON.

    Raises:
        UsageError: It is none of ours; it stays as it is.
    """
    start = header.encode()
    with Path(path).open("rb+") as file:
        head = file.read(len(start) or len(_FIRST_OBJECT))
        lines, whole = _count(file)
        count = max(lines - bool(header), 0)
        first = start or _FIRST_OBJECT
        found: tuple[int, str] | None = (0, "")
        if count:
            found = _record(_last_line(file, whole), is_csv=bool(header))
        # Even a first line may be cut off.
        if not first.startswith(head) or found is None or found[0] != count:
            raise UsageError(f"{path} is none of our outputs, so it cannot be gone on with")
        file.truncate(whole)
    return Done(rows=count, model_version=found[1])


def _count(file: IO[bytes]) -> tuple[int, int]:
    """Returns how many whole lines a file has, and where the last of them ends."""
    file.seek(0)
    count, whole, at = 0, 0, 0
    while block := file.read(_BLOCK):
        count += block.count(b"\n")
        last = block.rfind(b"\n")
        whole = at + last + 1 if last >= 0 else whole
        at += len(block)
    return count, whole


def _last_line(file: IO[bytes], whole: int) -> str:
    start = max(whole - _LONGEST_LINE, 0)
    file.seek(start)
    text = file.read(whole - start).decode(errors="replace")
    return text[:-1].rpartition("\n")[2]


def _record(line: str, *, is_csv: bool) -> tuple[int, str] | None:
    """Returns the row and the model of a line, or None if it is none of ours."""
    try:
        if is_csv:
            row, _, version = line.split(",", 2)
            return int(row), version
        found = json.loads(line)
        return int(found["row"]), str(found["model_version"])
    except (ValueError, KeyError, TypeError):
        return None
