"""The extension in C, from the sources in `native/`; where it cannot be used, all of it is None."""

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import Rows

_FLOAT64 = np.dtype(np.float64)
# What an operator notices without it.
EFFECT = "NumPy gives the same prices, and takes many times as long"

# Left by setup.py: why it could not be compiled.
_NOTE = "_native.failed"
_NO_COMPILER = os.strerror(errno.ENOENT)
_COMPILED = {".so", ".pyd"}
_NAMES = {"Model", "summarize"}
# It is not built where doubles in memory are not as they are on the wire.
_LITTLE_ENDIAN_NAMES = {"read_rows"}


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """Why the extension cannot be used.

    Attributes:
        broken: Whether a compiler failed, or what it made does not load; else there was none.
        cause: One line.
    """

    broken: bool
    cause: str


def load(folder: Path, package: str) -> tuple[dict[str, Any], Unusable | None]:
    """Loads the extension.

    Args:
        folder: Where it lies if it was compiled.
        package: The package of that folder.

    Returns:
        What is in it, nothing if it cannot be used; and why it cannot.
    """
    try:
        found = vars(import_module("._native", package))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, there is another way
        return {}, _unusable(folder, str(error) or type(error).__name__)
    wanted = _NAMES | (_LITTLE_ENDIAN_NAMES if sys.byteorder == "little" else set())
    if lacking := sorted(wanted - found.keys()):
        return {}, _unusable(folder, f"it lacks {', '.join(lacking)}")
    return found, None


def _unusable(folder: Path, error: str) -> Unusable:
    files = [file.name for file in sorted(folder.glob("_native.*")) if file.suffix in _COMPILED]
    # guard: a broken extension is no missing one
    if not files:
        return _not_compiled(folder / _NOTE)
    reason = error.replace(f"{folder}{os.sep}", "")
    return Unusable(broken=True, cause=f"the compiled {', '.join(files)} cannot be used: {reason}")


def _not_compiled(note: Path) -> Unusable:
    if not note.is_file():
        return Unusable(broken=False, cause="the extension in C was not compiled")
    reason = " ".join(note.read_text(errors="replace").split())
    if _NO_COMPILER in reason:
        cause = f"the extension in C was not compiled, as there was no C compiler: {reason}"
        return Unusable(broken=False, cause=cause)
    return Unusable(broken=True, cause=f"the extension in C could not be compiled: {reason}")


_found, UNUSABLE = load(Path(__file__).parent, __package__ or "")
model: Any = _found.get("Model")
summarize: Callable[..., None] | None = _found.get("summarize")
read_rows: Callable[..., bytes | None] | None = _found.get("read_rows")


def readable(rows: Rows) -> Rows:
    """Returns rows as the extension takes them: one after the other, of aligned float64."""
    flags = rows.flags
    if rows.dtype is _FLOAT64 and flags.c_contiguous and flags.aligned:
        return rows
    return np.array(rows, dtype=np.float64, order="C")
