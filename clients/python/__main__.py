"""`python -m housing_client`, and `python -m clients.python` in the repository."""

import sys

from .command.main import main

if __name__ == "__main__":
    sys.exit(main())
