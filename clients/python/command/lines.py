"""Text files of one record a line that may have been cut off in the middle of one."""

from os import PathLike
from pathlib import Path

from ..errors import InvalidArgumentError

_BLOCK = 1 << 20


def count_lines(path: str | PathLike[str], header: str, complaint: str) -> int:
    """Cuts off a last line that is not whole, and returns how many there are below the header.

    Raises:
        InvalidArgumentError: The file begins with something else than the header.
    """
    with Path(path).open("rb+") as file:
        count, whole, at = 0, 0, 0
        head = file.read(len(header)).decode(errors="replace")
        file.seek(0)
        while block := file.read(_BLOCK):
            count += block.count(b"\n")
            last = block.rfind(b"\n")
            whole = at + last + 1 if last >= 0 else whole
            at += len(block)
        if head != header and count:
            raise InvalidArgumentError(complaint)
        file.truncate(whole)
    return max(count - bool(header), 0)
