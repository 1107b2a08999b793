"""Work that callers are not to notice: in a thread of its own that gives way to all others."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

# A thread that computes for 30 ms would else be as important as those that answer calls. Not 19: a
# thread that is so low waits up to 100 ms for its next turn, and may hold the interpreter's lock
# meanwhile. Lowered for good, as only root may raise it again: so it takes a thread of its own.
_NICENESS = 10


def run(work: Callable[[], T], name: str) -> T:
    """Does some work at a low priority, and waits for it.

    Args:
        work: Raises what it likes, and so does this.
        name: Of the thread.
    """
    done: Future[T] = Future()

    def whole() -> None:
        give_way()
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised by who waits
            done.set_exception(error)

    threading.Thread(target=whole, name=name, daemon=True).start()
    return done.result()


def give_way() -> None:
    """Has the thread that calls this give way to all others, for good."""
    # Linux lowers one thread; other systems would refuse, or have no such call.
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
