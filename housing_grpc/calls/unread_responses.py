"""Bounds the bytes of all answers that are made and that their callers have not taken yet.

Calls and seconds are bounded elsewhere. An answer of 10,000 houses, each of which is refused, has
20 MB, and a caller decides how much of it may be sent.
"""

import threading
from functools import partial

import grpc

_MOST_BYTES = 128 * 2**20
# Of smaller ones, the number of calls is bound enough.
_LEAST_BYTES = 2**14


class UnreadResponses:
    """Knows the large answers; where they are too much together, the calls of the oldest end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sizes: dict[grpc.ServicerContext, int] = {}

    def begin(self, context: grpc.ServicerContext, size: int) -> None:
        """Notes that the answer of a call is about to be sent.

        Args:
            context: The call's.
            size: Bytes of the answer.
        """
        if size < _LEAST_BYTES:
            return
        oldest = []
        with self._lock:
            self._sizes.pop(context, None)
            self._sizes[context] = size
            # guard: the bytes of answers that nobody takes
            while sum(self._sizes.values()) > _MOST_BYTES and len(self._sizes) > 1:
                oldest.append(next(iter(self._sizes)))
                del self._sizes[oldest[-1]]
        for each in oldest:
            each.cancel()

    def begin_last(self, context: grpc.ServicerContext, size: int) -> None:
        """Notes the answer with which a call ends; as `begin`, but `end` comes by itself."""
        if size < _LEAST_BYTES:
            return
        self.begin(context, size)
        if not context.add_callback(partial(self.end, context)):
            self.end(context)

    def end(self, context: grpc.ServicerContext) -> None:
        """Notes that it has been taken, or that the call is over."""
        if context in self._sizes:
            with self._lock:
                self._sizes.pop(context, None)
