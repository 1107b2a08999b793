"""`python -m housing_grpc.rest`."""

import os
import sys

# gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from housing_grpc.rest.server import main  # Afterwards: gRPC reads it when it is imported.

sys.exit(main())
