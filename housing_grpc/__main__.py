"""`python -m housing_grpc`."""

import os
import sys

# gRPC's own lines are no JSON, have no level of ours, and any caller can provoke them.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from housing_grpc.process import main  # Afterwards: gRPC reads the variable when it is imported.

sys.exit(main())
