"""A server whose model hangs on one house, outside Python: `python -m tests.workers.spinning`."""

import ctypes
import runpy
import sys
from typing import Any

from housing_grpc.bundle.model import Bundle
from housing_grpc.workers import worker_handle

SPINS_AT = 6.0625
"""Rooms of the house on which the model spins."""

_MODULE = "tests.workers.spinning"
_WORKER_ARGUMENTS = 4
_C = ctypes.CDLL(None)


def _spin() -> None:
    """Stays in C, without the interpreter's lock, until the process ends."""
    while True:
        _C.sleep(3600)


def _with_spin(predict: Any) -> Any:
    def predicted(self: Bundle, rows: Any) -> Any:
        if (rows == SPINS_AT).any():
            print('{"event": "spinning"}', file=sys.stderr, flush=True)
            _spin()
        return predict(self, rows)

    return predicted


if __name__ == "__main__":
    Bundle.predict = _with_spin(Bundle.predict)  # type: ignore[method-assign]
    Bundle.answer_plain = lambda *_: None  # type: ignore[method-assign]
    worker_handle._MODULE = _MODULE  # noqa: SLF001
    is_worker = len(sys.argv) == _WORKER_ARGUMENTS
    served = "housing_grpc.workers.worker" if is_worker else "housing_grpc"
    runpy.run_module(served, run_name="__main__", alter_sys=True)
