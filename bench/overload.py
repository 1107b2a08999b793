"""What three times as many calls as the server can answer do to it.

Real clients, which know an answer from a refusal, and no load generator. A call prices a
large batch of houses, since a Python client can make three times as many of these as the
server answers. In each round first the peak, with a few callers who wait for each answer;
then calls at three times that rate, whatever becomes of them, while a prober in a process of
its own asks for the health. The figures are medians of the rounds.
"""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from housing.v1 import prediction_pb2 as pb

from bench import models, results, serving
from bench.results import Figure

# Dear to answer and cheap to ask: a deep forest, few rows.
MODEL, PARAMS, ROWS = "random_forest", {"n_estimators": 1000}, 600
CALLERS, CONNECTIONS = 16, 8
ROUNDS, PEAK_SECONDS, SECONDS, TIMES = 5, 4.0, 6.0, 3.0
DEADLINE_SECONDS, HUNG_SECONDS = 10.0, 2.0
PROBE_PAUSE = 0.02
GOODPUT_GOAL, REFUSAL_GOAL, HEALTH_GOAL = 0.9, 50.0, 100.0

# A price for each row takes at least these.
_LEAST_BYTES = 9 * ROWS
_REFUSED = grpc.StatusCode.RESOURCE_EXHAUSTED
_METHOD = "/housing.v1.PredictionService/PredictBatch"


@dataclass(kw_only=True)
class Outcomes:
    """What became of calls.

    Attributes:
        seconds: How long each took, by its status.
        answered: When each that was answered ended.
        started: When the first was made.
        ended: When the last was made.
        hung: How many never ended.
    """

    seconds: dict[grpc.StatusCode, list[float]] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    started: float = 0.0
    ended: float = 0.0
    hung: int = 0

    def offered(self) -> float:
        """Returns how many calls a second were made."""
        ended = sum(map(len, self.seconds.values()))
        return (ended + self.hung) / (self.ended - self.started)

    def goodput(self) -> float:
        """Returns how many a second were answered while more were made."""
        in_time = sum(moment <= self.ended for moment in self.answered)
        return in_time / (self.ended - self.started)

    def others(self) -> int:
        """Returns how many were neither answered nor refused."""
        ended = sum(map(len, self.seconds.values()))
        return ended - len(self.of(grpc.StatusCode.OK)) - len(self.of(_REFUSED))

    def of(self, code: grpc.StatusCode) -> list[float]:
        """Returns how long the calls took that ended so."""
        return self.seconds.get(code, [])


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round.

    Attributes:
        peak: The most calls a second that are answered.
        found: What became of three times as many.
        health: How long each probe took meanwhile, in seconds.
    """

    peak: float
    found: Outcomes
    health: list[float]


def main() -> bool:
    """Prints the figures and records them; returns whether every goal is reached."""
    port, key = serving.free_port(), serving.new_key()
    with (
        models.made(MODEL, params=PARAMS) as (folder, _),
        serving.serve(folder, port, core=serving.SERVER_CORE, environment={"API_KEY": key}),
    ):
        os.sched_setaffinity(0, {serving.CLIENT_CORE})
        clients = _Clients(port, key)
        clients.offer(rate=50.0, seconds=1.0)
        return _report([_round(clients, port) for _ in range(ROUNDS)])


def _round(clients: "_Clients", port: int) -> Round:
    peak = clients.peak()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        probes = pool.submit(probe, port, SECONDS)
        found = clients.offer(rate=TIMES * peak, seconds=SECONDS)
        return Round(peak=peak, found=found, health=probes.result())


class _Clients:
    def __init__(self, port: int, key: str) -> None:
        house = models.to_house(models.example())
        self._request = pb.PredictBatchRequest(items=[house] * ROWS).SerializeToString()
        self._metadata = (("authorization", f"Bearer {key}"),)
        options: list[tuple[str, int]] = [("grpc.use_local_subchannel_pool", 1)]
        self._calls: list[Any] = [
            # Not parsed in Python: the client has one core for three times the calls.
            grpc.insecure_channel(f"127.0.0.1:{port}", options).unary_unary(_METHOD)
            for _ in range(CONNECTIONS)
        ]

    def peak(self) -> float:
        """Returns the most calls a second that are answered."""
        answered, started = 0, time.perf_counter()
        open_calls = [self._start(number) for number in range(CALLERS)]
        while time.perf_counter() - started < PEAK_SECONDS:
            for number in range(CALLERS):
                answer = open_calls[number].result(timeout=DEADLINE_SECONDS + HUNG_SECONDS)
                answered += len(answer) >= _LEAST_BYTES
                open_calls[number] = self._start(number)
        seconds = time.perf_counter() - started
        for call in open_calls:
            call.result(timeout=DEADLINE_SECONDS + HUNG_SECONDS)
        return answered / seconds

    def offer(self, *, rate: float, seconds: float) -> Outcomes:
        """Makes calls at a steady rate, whether earlier ones have ended or not."""
        started = time.perf_counter()
        found = Outcomes(started=started)
        calls: list[Any] = []
        for number in range(int(rate * seconds)):
            wait = started + number / rate - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            calls.append(self._start(number, found))
        found.ended = time.perf_counter()
        until = time.monotonic() + DEADLINE_SECONDS + HUNG_SECONDS
        while time.monotonic() < until and not all(call.done() for call in calls):
            time.sleep(0.02)
        found.hung = sum(not call.done() for call in calls)
        return found

    def _start(self, number: int, into: Outcomes | None = None) -> Any:
        call = self._calls[number % CONNECTIONS].future(
            self._request, timeout=DEADLINE_SECONDS, metadata=self._metadata
        )
        if into is not None:
            began = time.perf_counter()

            def ended(call: Any) -> None:
                now = time.perf_counter()
                into.seconds.setdefault(call.code(), []).append(now - began)
                if call.code() is grpc.StatusCode.OK:
                    into.answered.append(now)

            call.add_done_callback(ended)
        return call


def probe(port: int, seconds: float) -> list[float]:
    """Asks a server for its health all the time; returns the seconds that each answer took."""
    found, until = [], time.monotonic() + seconds
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        check = health_pb2_grpc.HealthStub(channel).Check  # type: ignore[attr-defined]
        while time.monotonic() < until:
            began = time.perf_counter()
            try:
                check(health_pb2.HealthCheckRequest(), timeout=DEADLINE_SECONDS)
                found.append(time.perf_counter() - began)
            except grpc.RpcError:
                found.append(DEADLINE_SECONDS)
            time.sleep(PROBE_PAUSE)
    return found


def _report(rounds: list[Round]) -> bool:
    figures = {
        "peak": _median([each.peak for each in rounds], "1/s"),
        "offered": _median([each.found.offered() / each.peak for each in rounds]),
        "goodput": _median([each.found.goodput() / each.peak for each in rounds]),
        "refusal p99": _median([_p99(each.found.of(_REFUSED)) for each in rounds], "ms"),
        "health p99": _median([_p99(each.health) for each in rounds], "ms"),
        "refused": _all([len(each.found.of(_REFUSED)) for each in rounds]),
        "neither answered nor refused": _all([each.found.others() for each in rounds]),
        "hung": _all([each.found.hung for each in rounds]),
    }
    print(f"{ROUNDS} rounds of batches of {ROWS}: the peak, then {TIMES:g} times as many offered")
    results.tell("overload", figures)
    return (
        figures["goodput"].value >= GOODPUT_GOAL
        and figures["refusal p99"].value <= REFUSAL_GOAL
        and figures["health p99"].value <= HEALTH_GOAL
        and not figures["neither answered nor refused"].value + figures["hung"].value
    )


def _p99(seconds: list[float]) -> float:
    """Returns it in milliseconds."""
    return 1e3 * float(np.percentile(seconds, 99)) if seconds else 0.0


def _median(values: list[float], unit: str = "") -> Figure:
    low, middle, high = (float(each) for each in np.percentile(values, (25, 50, 75)))
    return Figure(value=middle, low=low, high=high, unit=unit)


def _all(counts: list[int]) -> Figure:
    return Figure(value=float(sum(counts)), unit="calls")
