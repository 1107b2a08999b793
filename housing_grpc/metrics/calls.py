"""Counts calls: an append on the call's path, numpy for some thousand calls at a time."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from housing_grpc.metrics.catalogue import SECONDS
from housing_grpc.metrics.codes import CODES, OK
from housing_grpc.metrics.state import Series, State

# So many ended calls are folded at a time: less than a millisecond's work.
_BACKLOG = 2048
_BOUNDS = np.array(SECONDS)
_BINS = len(SECONDS) + 1

# Of an entry: what it is, and its type. Taking them one by one is quicker than zip(*entries),
# which makes an iterator of every entry and so calls for garbage collections.
_COLUMNS = tuple(enumerate((np.int64, np.float64, np.int64, np.int64)))

_Entry = tuple[int, float, int, int]


@dataclass(frozen=True, kw_only=True)
class Method:
    """A method of the server.

    Attributes:
        type: "unary", "client_stream", "server_stream" or "bidi_stream".
        service: Full name, such as "housing.v1.PredictionService".
        name: Such as "Predict".
    """

    type: str
    service: str
    name: str


class MethodCalls:
    """Counts the calls of one method; from any thread."""

    __slots__ = ("_base", "_ends", "_fold", "_index", "_starts")

    def __init__(
        self, index: int, starts: deque[int], ends: deque[_Entry], fold: Callable[[], None]
    ) -> None:
        self._index = index
        self._base = index * len(CODES)
        self._starts = starts
        self._ends = ends
        self._fold = fold

    def started(self) -> None:
        """Counts a call that begins."""
        self._starts.append(self._index)

    def ended(self, code: int, seconds: float, received: int = 1, sent: int = 1) -> None:
        """Counts a call that ends, once for each that began.

        Args:
            code: Number of its status code.
            seconds: From its begin.
            received: Messages from the caller.
            sent: Messages to the caller.
        """
        self._ends.append((self._base + code, seconds, received, sent))
        if len(self._ends) >= _BACKLOG:
            self._fold()


class CallMetrics:
    """Counts the calls of all methods.

    Args:
        methods: All that are counted, from zero on.
        predictions: Service whose methods predict.
    """

    def __init__(self, methods: Sequence[Method], *, predictions: str) -> None:
        self._methods = methods
        self._predictions = predictions
        # Appending to a deque is atomic and takes no lock.
        self._starts: deque[int] = deque()
        self._ends: deque[_Entry] = deque()
        self._lock = threading.Lock()
        count = len(methods)
        self._started = np.zeros(count, dtype=np.int64)
        self._handled = np.zeros((count, len(CODES)), dtype=np.int64)
        self._buckets = np.zeros((count, _BINS), dtype=np.int64)
        self._seconds = np.zeros(count)
        self._received = np.zeros(count)
        self._sent = np.zeros(count)

    def of(self, service: str, name: str) -> MethodCalls:
        """Returns what counts the calls of a method.

        Raises:
            KeyError: It is none of those that are counted.
        """
        for index, method in enumerate(self._methods):
            if (method.service, method.name) == (service, name):
                return MethodCalls(index, self._starts, self._ends, self._fold_if_free)
        raise KeyError(f"{service}/{name}")

    def state(self) -> State:
        """Returns all counts up to now."""
        with self._lock:
            self._fold()
            in_flight = self._started.sum() - self._handled.sum()
            return {
                **self._counters(),
                **self._histograms(),
                "housing_calls_in_flight": {(): [float(in_flight)]},
            }

    def _fold_if_free(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                self._fold()
            finally:
                self._lock.release()

    def _fold(self) -> None:
        # The ends first: for each of them the start is there, so that no count of calls in
        # flight falls below zero.
        ends = [self._ends.popleft() for _ in range(len(self._ends))]
        starts = [self._starts.popleft() for _ in range(len(self._starts))]
        count = len(self._methods)
        if starts:
            self._started += np.bincount(starts, minlength=count)
        if not ends:
            return
        keys, seconds, received, sent = (
            np.fromiter(map(itemgetter(place), ends), kind, len(ends)) for place, kind in _COLUMNS
        )
        methods = keys // len(CODES)
        self._handled += np.bincount(keys, minlength=self._handled.size).reshape(count, -1)
        places = methods * _BINS + np.searchsorted(_BOUNDS, seconds)
        self._buckets += np.bincount(places, minlength=self._buckets.size).reshape(count, -1)
        self._seconds += np.bincount(methods, weights=seconds, minlength=count)
        self._received += np.bincount(methods, weights=received, minlength=count)
        self._sent += np.bincount(methods, weights=sent, minlength=count)

    def _counters(self) -> State:
        requests: Series = {}
        handled: Series = {}
        for method, row in zip(self._methods, self._handled.tolist(), strict=True):
            labels = (method.type, method.service, method.name)
            for code, value in zip(CODES, row, strict=True):
                handled[*labels, code] = [float(value)]
            if method.service == self._predictions:
                requests[method.name, "ok"] = [float(row[OK])]
                requests[method.name, "error"] = [float(sum(row) - row[OK])]
        return {
            "prediction_requests_total": requests,
            "grpc_server_handled_total": handled,
            "grpc_server_started_total": self._series(self._started),
            "grpc_server_msg_received_total": self._series(self._received),
            "grpc_server_msg_sent_total": self._series(self._sent),
        }

    def _series(self, values: NDArray[np.int64] | NDArray[np.float64]) -> Series:
        return {
            (method.type, method.service, method.name): [float(value)]
            for method, value in zip(self._methods, values.tolist(), strict=True)
        }

    def _histograms(self) -> State:
        latency: Series = {}
        handling: Series = {}
        numbers = np.column_stack((self._buckets, self._seconds)).tolist()
        for method, row in zip(self._methods, numbers, strict=True):
            handling[method.type, method.service, method.name] = row
            if method.service == self._predictions:
                latency[(method.name,)] = row
        return {"prediction_latency_seconds": latency, "grpc_server_handling_seconds": handling}
