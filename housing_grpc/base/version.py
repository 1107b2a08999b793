"""The version, and the answer to `--version` before anything is imported that takes time."""

import sys

import housing_grpc

VERSION = housing_grpc.__version__


def answered(program: str) -> bool:
    """Prints name and version if the command line asks for them; returns whether it does.

    Args:
        program: How it is called.
    """
    if "--version" not in sys.argv[1:]:
        return False
    print(f"{program} {VERSION}")
    return True
