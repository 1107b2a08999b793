"""`python -m housing_client`, and `python -m clients.python` in the repository."""

import sys
from importlib import import_module
from typing import Any

from .command import standard_streams


def main() -> int:
    """Runs the command `housing`; returns the exit code."""
    return standard_streams.watched(_run)


def _run() -> int:
    # Here, as what a library has against a variable shows when it is imported.
    command: Any = import_module(".command.main", __package__)
    code: int = command.main()
    return code


if __name__ == "__main__":
    sys.exit(main())
