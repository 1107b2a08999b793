"""Workers with a fault: `python -m tests.workers.faulty`, with FAULT="WHAT NUMBER FILE".

The worker of that number has it once the file is there, and dawdles for as long as it is.
"""

import os
import signal
import sys
import time
from pathlib import Path

from housing_grpc import process
from housing_grpc.bundle.errors import SelfTestError
from housing_grpc.workers import worker, worker_handle, worker_server
from housing_grpc.workers.protocol import Commit, Prepare, Prepared

_MODULE = "tests.workers.faulty"
_WORKER_ARGUMENTS = 4


def _has(what: str) -> bool:
    fault, of, file = os.environ["FAULT"].split(" ", 2)
    return fault == what and of == sys.argv[1] and Path(file).exists()


class Faulty(worker_server.WorkerServer):
    def prepare(self, order: Prepare) -> Prepared:
        if _has("refuses"):
            raise SelfTestError("golden rows: an answer is off by 1, 0 is allowed")
        if _has("breaks"):
            raise MemoryError
        if _has("dies"):
            os.kill(os.getpid(), signal.SIGKILL)
        while _has("dawdles"):
            time.sleep(0.02)
        return super().prepare(order)

    def commit(self, order: Commit) -> None:
        if _has("vanishes"):
            os.kill(os.getpid(), signal.SIGKILL)
        super().commit(order)


if __name__ == "__main__":
    if len(sys.argv) == _WORKER_ARGUMENTS:
        vars(worker)["WorkerServer"] = Faulty
        sys.exit(worker.main(sys.argv[1:]))
    worker_handle._MODULE = _MODULE  # noqa: SLF001
    vars(worker_handle)["inherited"] = lambda *_: {**os.environ}
    sys.exit(process.main())
