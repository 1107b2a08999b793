"""Loads a bundle once in a process of its own: `python -m housing_grpc.bundle.trial FOLDER`.

Prints nothing and exits with 0 if the bundle can be served; else prints the
reason and a text, as JSON, and exits with 1.
"""

import json
import sys
from pathlib import Path

from .errors import BundleError
from .model import load


def main(folder: str) -> int:
    """Returns the exit code."""
    try:
        load(Path(folder))
    except BundleError as error:
        print(json.dumps({"reason": error.reason, "message": str(error)}))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
