"""The command line: one module a command."""

import os

# gRPC reads this when it is imported: its own lines would stand among the command's.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
