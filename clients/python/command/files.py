"""Which files a job may touch: never its input, and none that is there unless asked to."""

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


def check_existing(output: str, rejected: Path | None, *, resume: bool, force: bool) -> None:
    """Checks that the files of a job may be written where they are there already.

    Raises:
        InvalidArgumentError: One is there, and nothing says what to do with it.
        UsageError: The rejected rows are to be gone on with, but are none.
    """
    if force:
        return
    if output != "-" and Path(output).exists() and not resume:
        raise InvalidArgumentError(
            f"{output} exists; go on with it by --resume, or write over it by --force"
        )
    if rejected is None or not rejected.is_file():
        return
    is_ours = _is_of_a_job(rejected)
    if not resume:
        # Its job may have ended before it wrote a price.
        go_on = "go on with its job by --resume, " if is_ours and output != "-" else ""
        raise InvalidArgumentError(
            f"{rejected} exists; {go_on}write over it by --force, or name another by --rejected"
        )
    if not is_ours:
        raise UsageError(f"{rejected} holds no rejected rows; name another file by --rejected")


def _is_of_a_job(rejected: Path) -> bool:
    head = ",".join(REJECTED_HEADER) + "\n"
    with rejected.open(encoding="utf-8", errors="replace", newline="") as file:
        return head.startswith(file.read(len(head)))


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
