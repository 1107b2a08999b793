"""The REST proxy: `python -m housing_grpc.rest`, or `housing-rest`."""

import os
import sys

from housing_grpc.base import extras, standard_streams, version

_EXIT_SETTINGS = 2


def main() -> int:
    """Serves until a signal; returns the exit code."""
    return standard_streams.watched(_serve)


def _serve() -> int:
    if version.answered("housing-rest"):
        return 0
    lacking = extras.missing_for_rest()
    if lacking:
        print(f"error: {lacking}", file=sys.stderr)
        return _EXIT_SETTINGS
    # gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # Afterwards, as gRPC reads the variable when it is imported.
    from housing_grpc.rest import server

    return server.main()


if __name__ == "__main__":
    sys.exit(main())
