"""The server: `python -m housing_grpc`, or `housing-server`."""

import os
import sys

from housing_grpc import version


def main() -> int:
    """Serves until a signal; returns the exit code."""
    if version.answered("housing-server"):
        return 0
    # gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Afterwards, as gRPC reads the variable when it is imported.
    from housing_grpc import process

    return process.main()


if __name__ == "__main__":
    sys.exit(main())
