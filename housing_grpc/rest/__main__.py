"""`python -m housing_grpc.rest`."""

import sys

from housing_grpc.rest.server import main

sys.exit(main())
