"""Runs a module that ends with the process that started it.

Use: `python -m housing_grpc.base.die_with_parent MODULE`. `housing_grpc.up` starts both servers
so. Workers need none of it: they notice the end of their supervisor by their link to it.

A signal that cannot be caught leaves no time to end what one has started. Standard input
is a pipe from the starter, which the system closes whatever the starter dies of.
"""

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Runs the module, and ends this process as by SIGTERM when standard input ends."""
    module = sys.argv[1]
    threading.Thread(target=_watch, name="parent-watch", daemon=True).start()
    sys.argv = [module, *sys.argv[2:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
