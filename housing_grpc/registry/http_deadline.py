"""Has answers over HTTP end at a moment, however slowly they come.

A timeout counts anew with each byte that comes, so whoever drips an answer, or its head, would
hold the thread that waits for as long as they like.
"""

import io
import socket
import time
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.util import Retry


class AdapterWithDeadline(HTTPAdapter):
    """Makes connections whose answers end at a moment.

    Args:
        end: The moment, on the monotonic clock.
        retry: What is asked again.
    """

    def __init__(self, end: float, retry: Retry) -> None:
        self._end = end
        super().__init__(max_retries=retry)

    def get_connection_with_tls_context(self, *args: Any, **given: Any) -> Any:
        """Returns the pool that a request takes its connection from."""
        pool: Any = super().get_connection_with_tls_context(*args, **given)
        read = {"response_class": staticmethod(partial(_Response, self._end))}
        pool.ConnectionCls = type("ConnectionWithDeadline", (pool.ConnectionCls,), read)
        return pool


class _Response(HTTPResponse):
    def __init__(self, end: float, sock: socket.socket, *args: Any, **given: Any) -> None:
        super().__init__(sock, *args, **given)
        # guard: the time of a whole answer
        self.fp = io.BufferedReader(_UntilDeadline(sock, self.fp.detach(), end))


class _UntilDeadline(io.RawIOBase):
    """What a socket brings until a moment."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, end: float) -> None:
        self._socket, self._raw, self._end = sock, raw, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer has not ended in time")
        self._socket.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
