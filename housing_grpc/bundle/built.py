"""The extension in C, from the sources in `native/`; where it cannot be used, all of it is None."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

# What an operator notices without it.
EFFECT = "ONNX Runtime gives the same prices, and takes several times as long"

_COMPILED = {".so", ".pyd"}
_NAMES = {"Model", "survey", "count_bins"}
# It is not built where doubles in memory are not as they are on the wire.
_LITTLE_ENDIAN_NAMES = {"read_rows"}


@dataclass(frozen=True, kw_only=True)
class Unusable:
    """Why the extension cannot be used.

    Attributes:
        broken: Whether it was compiled, and does not load; else it was never compiled.
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
    if not files:
        return Unusable(
            broken=False,
            cause="the extension in C was not compiled: when this was installed there was no C "
            "compiler, or it failed",
        )
    reason = error.replace(f"{folder}{os.sep}", "")
    return Unusable(broken=True, cause=f"the compiled {', '.join(files)} cannot be used: {reason}")


_found, UNUSABLE = load(Path(__file__).parent, __package__ or "")
model: Any = _found.get("Model")
survey: Callable[..., None] | None = _found.get("survey")
count_bins: Callable[..., None] | None = _found.get("count_bins")
read_rows: Callable[..., bytes | None] | None = _found.get("read_rows")
