"""`python -m housing_grpc`."""

import sys

from housing_grpc.process import main

sys.exit(main())
