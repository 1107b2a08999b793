"""The command line: `python -m admin` in a clone, `housing-admin` wherever it is installed."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from housing_grpc import __version__
from housing_grpc.base import standard_streams

_EXIT_USAGE = 2
_EXIT_DISK = 4
_INSTALLED = "housing_admin"


def main() -> int:
    """Runs a command; returns the exit code."""
    return standard_streams.watched(_run, lost=_EXIT_DISK)


def _run() -> int:
    if sys.argv[1:] == ["--version"]:
        print(f"housing-admin {__version__}")
        return 0
    # The first of what the extra brings: without it, the rest is not there either.
    if find_spec("fire") is None:
        print(
            "error: what the commands need is not installed: pip install 'housing-grpc[admin]'",
            file=sys.stderr,
        )
        return _EXIT_USAGE
    # gRPC's own lines, of a server that goes away, are no message to whoever reads ours.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Afterwards, as gRPC reads the variable when it is imported.
    cli: Any = import_module(f"{_package()}.cli")
    code: int = cli.main()
    return code


def _package() -> str:
    """Returns under which name this folder is imported.

    That is the installed one, where this is what is installed: Dask's workers know no other.
    """
    installed = find_spec(_INSTALLED)
    here = Path(__file__).parent
    if installed and installed.origin and Path(installed.origin).parent.samefile(here):
        return _INSTALLED
    return here.name


if __name__ == "__main__":
    sys.exit(main())
