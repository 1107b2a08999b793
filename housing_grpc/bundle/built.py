"""The functions in C, from the sources in `native/`; each is None where it was not built."""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def _functions() -> dict[str, Any]:
    try:
        return vars(import_module("._native", __package__))
    except ImportError:
        # There was no compiler where this was installed: whoever asks has a way of its own.
        return {}


_found = _functions()
survey: Callable[..., None] | None = _found.get("survey")
count_bins: Callable[..., None] | None = _found.get("count_bins")
# It is not built where doubles in memory are not as they are on the wire, either.
read_rows: Callable[..., bytes | None] | None = _found.get("read_rows")
