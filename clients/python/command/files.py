"""Which files a job may touch: never its input, and none that is there unless told to."""

import csv
import os
import sys
from pathlib import Path

from ..errors import InvalidArgumentError

REJECTED_HEADER = ("row", "code", "reason", "field", "message")


class UsageError(Exception):
    """The command line asks for what would do harm; nothing was touched."""


def check_apart(source: str, output: str, rejected: Path | None) -> None:
    """Checks that no file is used for two purposes.

    Raises:
        UsageError: Two are one file, by whatever names.
    """
    kept = [] if output == "-" else [("output", Path(output))]
    if output != "-":
        # Where half a Parquet file is kept meanwhile.
        kept.append(("output's temporary file", Path(f"{output}.part")))
    if rejected is not None:
        kept.append(("file of rejected rows", rejected))
    for name, path in kept:
        if _is_input(source, path):
            raise UsageError(f"{path}: the {name} would be the input itself; name another file")
    for name, path in kept[:-1]:
        if rejected is not None and _same(path, rejected):
            raise UsageError(
                f"{rejected}: the {name} and the file of rejected rows would be one; "
                "name another by --rejected"
            )


def check_rejected(path: Path | None, *, resume: bool, force: bool) -> None:
    """Checks that the file of rejected rows may be written.

    Raises:
        InvalidArgumentError: It is there, and nothing says that it may be replaced.
        UsageError: It is to be gone on with, but holds something else.
    """
    if path is None or force or not path.is_file():
        return
    if not resume:
        raise InvalidArgumentError(
            f"{path} exists; write over it by --force, or name another by --rejected"
        )
    head = ",".join(REJECTED_HEADER) + "\n"
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        found = file.read(len(head))
    if not head.startswith(found):
        raise UsageError(f"{path} holds no rejected rows; name another file by --rejected")


def rejected_up_to(path: Path | None, row: int) -> list[tuple[str, ...]]:
    """Returns the entries of rows up to one."""
    if path is None or row == 0 or not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        # The last line may be cut off; its row is scored again.
        return [
            tuple(entry)
            for entry in csv.reader(file)
            if len(entry) == len(REJECTED_HEADER) and entry[0].isdigit() and int(entry[0]) <= row
        ]


def _is_input(source: str, path: Path) -> bool:
    if source != "-":
        return _same(Path(source), path)
    try:
        return path.is_file() and os.path.samestat(os.fstat(sys.stdin.fileno()), path.stat())
    except (OSError, ValueError):
        # What stands in for the standard input may have no number.
        return False


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        # Devices may well serve twice: /dev/null.
        return one.is_file() and one.samefile(other)
    return one.resolve() == other.resolve()
