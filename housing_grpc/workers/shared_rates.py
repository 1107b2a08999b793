"""Rates that all workers count together, in memory that they share.

A rate is one number, the time at which its bucket is full again. The clock is the same in
all processes, as Linux counts it from the machine's start.
"""

import fcntl
import mmap
import os
import threading
from collections.abc import Mapping

from housing_grpc.access.rate_limit import Cell

PLACES = 65_536
"""Most callers whose rates are counted."""

_NUMBER_BYTES = 8
# A lock is held for microseconds. If its holder is stopped meanwhile, the others go on without it
# after some tenths of a millisecond; what they let through, a burst at most, is not counted then.
_TRIES = 200


def make() -> int:
    """Returns the file descriptor of new shared memory, all zero."""
    descriptor = os.memfd_create("housing-rates")
    os.ftruncate(descriptor, PLACES * _NUMBER_BYTES)
    return descriptor


class SharedRates:
    """The rates of all callers.

    Args:
        descriptor: Of the shared memory.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._numbers = memoryview(mmap.mmap(descriptor, PLACES * _NUMBER_BYTES)).cast("d")
        self._places: Mapping[str, int] = {}

    def assign(self, places: Mapping[str, int]) -> None:
        """Says where the rate of each caller is, by name."""
        self._places = places

    def cell(self, name: str) -> Cell:
        """Returns where the rate of a caller is counted.

        Raises:
            KeyError: Nobody said where.
        """
        place = self._places[name]
        return Cell(numbers=self._numbers, place=place, lock=_Lock(self.descriptor, place))


class _Lock:
    """Holds one number against other processes, and against other threads of this one."""

    def __init__(self, descriptor: int, place: int) -> None:
        self._descriptor = descriptor
        self._start = place * _NUMBER_BYTES
        self._threads = threading.Lock()
        self._locked = False

    def __enter__(self) -> None:
        self._threads.acquire()
        for _ in range(_TRIES):
            try:
                # The kernel lets go of it if this process dies.
                fcntl.lockf(
                    self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _NUMBER_BYTES, self._start
                )
            except OSError:
                os.sched_yield()
            else:
                self._locked = True
                return

    def __exit__(self, *_: object) -> None:
        if self._locked:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, _NUMBER_BYTES, self._start)
            self._locked = False
        self._threads.release()


class Places:
    """Gives every caller a place in the shared memory, the same for as long as it is known."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._next = 0

    def of(self, names: set[str]) -> dict[str, int]:
        """Returns the place of each caller; others who had one lose it.

        Raises:
            ValueError: There are more than PLACES.
        """
        if len(names) > PLACES:
            raise ValueError(f"there are {len(names)} names, and room for {PLACES}")
        kept = {name: place for name, place in self._taken.items() if name in names}
        used = set(kept.values())
        for name in sorted(names - set(kept)):
            kept[name] = self._free(used)
            used.add(kept[name])
        self._taken = kept
        return dict(kept)

    def _free(self, used: set[int]) -> int:
        # In turn, so that a place is long empty before somebody else gets it.
        while (place := self._next) in used:
            self._next = (place + 1) % PLACES
        self._next = (place + 1) % PLACES
        return place
