"""The command line: `python -m admin` in a clone, `housing-admin` wherever it is installed."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_INSTALLED = "housing_admin"


def main() -> int:
    """Runs a command; returns the exit code."""
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
