"""Runs the command line."""

import os

# gRPC's own lines, of a server that goes away, are no message to whoever reads ours.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from admin.cli import main  # Afterwards: gRPC reads the variable when it is imported.

if __name__ == "__main__":
    raise SystemExit(main())
