"""The server: `python -m housing_grpc`, or `housing-server`."""

import os
import sys
from typing import NoReturn

from housing_grpc.base import signals, standard_streams, version


def main() -> NoReturn:
    """Serves until a signal, and ends the process with the exit code."""
    if "--version" in sys.argv[1:]:
        sys.exit(standard_streams.watched(_version))
    signals.end(standard_streams.watched(_serve))


def _version() -> int:
    version.answered("housing-server")
    return 0


def _serve() -> int:
    # gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Afterwards, as gRPC reads the variable when it is imported.
    from housing_grpc import process

    return process.main()


if __name__ == "__main__":
    main()
