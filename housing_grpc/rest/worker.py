"""One process of several of the proxy, as their supervisor starts it.

`python -m housing_grpc.rest.worker NUMBER SOCKET READY FOLDER [flags]`; the second and third are
file descriptors.
"""

import os
import shutil
import socket
import sys
from typing import Any

from prometheus_client import values as prometheus_values

from housing_grpc.base import standard_streams
from housing_grpc.rest import server


def main() -> int:
    """Serves until a signal, or the end of the supervisor; returns the exit code."""
    number, listening, ready = map(int, sys.argv[1:4])
    folder, *flags = sys.argv[4:]
    # Or else each new process would add files of its own, of which there would be ever more.
    values: Any = prometheus_values
    values.ValueClass = values.MultiProcessValue(lambda: number)
    place = server.Place(
        number=number,
        listening=socket.socket(fileno=listening),
        folder=folder,
        ready=lambda: os.close(ready) if os.write(ready, b"\n") else None,
    )
    parent = os.getppid()
    code = server.run(flags, place)
    if os.getppid() != parent:  # Nobody else is left to do it.
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(standard_streams.watched(main))
