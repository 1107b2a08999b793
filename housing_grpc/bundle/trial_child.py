"""Loads a bundle once in a process of its own, with limits.

`python -m housing_grpc.bundle.trial_child MAX_BYTES [PUBLIC_KEY_FILE]` reads `{"folder"}` as JSON
from standard input. It prints nothing and exits with 0 if the bundle can be served; else it prints
the reason and a text, as JSON, and exits with 1.
"""

import json
import os
import resource
import sys
from pathlib import Path

from . import files
from .errors import BundleError, BundleFormatError
from .signature import Verifier

# What Python and NumPy take is a third of this; a bundle may take some times the size of its
# files, as its documents are objects before they are arrays.
_BASE_BYTES = 512 * 2**20
_BYTES_A_BYTE = 8
# The parent kills what takes long. This ends it should the parent be gone.
_CPU_SECONDS = 120
_OPEN_FILES = 256


def main(max_bytes: int, verifier: Verifier | None) -> int:
    """Tries the bundle that standard input names; returns the exit code."""
    # One thread: each would take memory of its own, the more the more cores there are.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    # Before the bundle is known: a server starts this ahead of time.
    from . import model

    asked = sys.stdin.read()
    if not asked:  # The server is gone.
        return 0
    folder, memory = Path(json.loads(asked)["folder"]), _BASE_BYTES
    try:
        # A size that is not bounded must not become a limit.
        memory += _BYTES_A_BYTE * sum(files.sizes(folder, max_bytes).values())
        _limit(memory)
        model.load(folder, verifier, max_bytes=max_bytes)
    except BundleError as error:
        return _refuse(error)
    except MemoryError:
        return _refuse(
            BundleFormatError(f"the bundle takes more than {memory // 2**20} MiB to load")
        )
    return 0


def _limit(memory: int) -> None:
    for kind, wanted in (
        # guard: the memory of a trial
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (most, most))


def _refuse(error: BundleError) -> int:
    print(json.dumps({"reason": error.reason, "message": str(error)}))
    return 1


if __name__ == "__main__":
    _, _max_bytes, *_keys = sys.argv
    sys.exit(main(int(_max_bytes), Verifier(Path(_keys[0])) if _keys else None))
