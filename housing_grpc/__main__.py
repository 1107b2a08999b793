"""The server: `python -m housing_grpc`, or `housing-server`."""

import os
import sys
from typing import NoReturn

from housing_grpc.base import version


def main() -> NoReturn:
    """Serves until a signal, and ends the process with the exit code."""
    if version.answered("housing-server"):
        sys.exit(0)
    # gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Afterwards, as gRPC reads the variable when it is imported.
    from housing_grpc import process
    from housing_grpc.base import signals

    signals.end(process.main())


if __name__ == "__main__":
    main()
