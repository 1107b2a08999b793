"""Clients that ask for one price after the other, at a pace, and note every answer."""

import gc
import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import numpy as np
from housing.v1.prediction_pb2 import PredictRequest
from housing.v1.prediction_pb2_grpc import PredictionServiceStub
from numpy.typing import NDArray

_SECONDS = 10.0
_POOL = (("grpc.use_local_subchannel_pool", 1),)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        due: When it was to be made, on the monotonic clock.
        ended: When its answer, or its failure, was there.
        house: Index of the house that was asked for.
        version: Model version that the answer names; "" if the call failed.
        price: The answer.
    """

    due: float
    ended: float
    house: int
    version: str
    price: float


@dataclass
class Calls:
    """All calls of some clients."""

    made: list[Call] = field(default_factory=list)

    def failed(self) -> int:
        """Returns how many were not answered."""
        return sum(not call.version for call in self.made)

    def wrong(self, prices: Mapping[str, Sequence[float]]) -> int:
        """Returns how many answers are not those of the version that they name.

        Args:
            prices: Of each house, by version.
        """
        return sum(
            call.version not in prices or abs(call.price - prices[call.version][call.house]) > 1e-9
            for call in self.made
            if call.version
        )

    def latencies(self) -> NDArray[np.float64]:
        """Returns the seconds from when each was due to its answer."""
        return np.array([call.ended - call.due for call in self.made if call.version])

    def longest_gap(self) -> float:
        """Returns the longest time in seconds without a success of any client."""
        ends = sorted(call.ended for call in self.made if call.version)
        return max((later - earlier for earlier, later in itertools.pairwise(ends)), default=0.0)

    def within(self, windows: Sequence[tuple[float, float]]) -> "Calls":
        """Returns those that were due or under way in one of the windows."""
        return Calls(
            [
                call
                for call in self.made
                if any(call.due < end and call.ended > start for start, end in windows)
            ]
        )


@contextmanager
def calling(
    address: str, requests: Sequence[PredictRequest], *, clients: int, rate: float | None = None
) -> Iterator[Calls]:
    """Keeps calling for as long as the `with` block lasts.

    Args:
        address: Of the server.
        requests: Asked in turn.
        clients: How many, each with a connection of its own.
        rate: Calls a second of all together; as many as can be by default.
    """
    calls, ended = Calls(), threading.Event()
    # To collect what a hundred thousand notes hold would stop all clients for 0.1 s.
    gc.disable()
    interval = clients / rate if rate else 0.0
    with ThreadPoolExecutor(clients) as pool:
        running = [
            pool.submit(_call, address, requests, interval, number / clients, ended)
            for number in range(clients)
        ]
        try:
            yield calls
        finally:
            ended.set()
            for each in running:
                calls.made.extend(each.result())
            gc.enable()


def half_of_the_peak(
    address: str, requests: Sequence[PredictRequest], *, clients: int, seconds: float
) -> float:
    """Returns half of the calls a second that the clients reach when nothing else is done."""
    with calling(address, requests, clients=clients) as flat_out:
        time.sleep(seconds)
    return len(flat_out.made) / seconds / 2


def _call(
    address: str,
    requests: Sequence[PredictRequest],
    interval: float,
    phase: float,
    ended: threading.Event,
) -> list[Call]:
    made = []
    with grpc.insecure_channel(address, _POOL) as channel:
        predict = PredictionServiceStub(channel).Predict
        grpc.channel_ready_future(channel).result(_SECONDS)
        due = time.monotonic() + phase * interval
        for house in itertools.cycle(range(len(requests))):
            if ended.wait(max(0.0, due - time.monotonic())):
                break
            version, price = "", 0.0
            # A client that is late makes up for it; without a pace, each call is due at once.
            due = due if interval else time.monotonic()
            try:
                answer = predict(requests[house], timeout=_SECONDS)
                version, price = answer.model_version, answer.prediction
            except grpc.RpcError:
                pass
            now = time.monotonic()
            made.append(Call(due=due, ended=now, house=house, version=version, price=price))
            due += interval
    return made
