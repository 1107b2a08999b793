"""Servers under the same load, in turn.

Rounds alternate, so that what else the machine does meets all of them alike. A figure is
the median over the rounds, a ratio the median of the rounds' ratios.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bench import load
from bench.load import Seconds, Target
from bench.results import Figure
from bench.serving import Server

# Enough for every server to be warm and for a first idea of its speed.
_WARM_UP_CALLS = 200


@dataclass(frozen=True, kw_only=True)
class Side:
    """One server of a contest, and what it is asked.

    Attributes:
        name: For the report.
        server: The process.
        target: The call.
    """

    name: str
    server: Server
    target: Target


@dataclass(kw_only=True)
class Rounds:
    """What the rounds found for one side, a value a round.

    Attributes:
        rate: Calls a second.
        cpu: Processor seconds of the server a call.
        p50: Median latency in seconds.
        p99: 99th percentile of the latency in seconds.
        latencies: Of all calls, sorted within each round.
    """

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    latencies: list[Seconds] = field(default_factory=list)

    def extend(self, other: "Rounds") -> None:
        """Takes what other rounds found."""
        for name, values in vars(self).items():
            values.extend(getattr(other, name))

    def percentiles(self, shares: Sequence[float]) -> list[float]:
        """Returns latencies in seconds at shares (percent) of all calls."""
        pooled = np.concatenate(self.latencies)
        return [float(value) for value in np.percentile(pooled, shares)]


def measure(
    sides: Sequence[Side], *, connections: int, in_flight: int, rounds: int, seconds: float
) -> dict[str, Rounds]:
    """Loads each side in turn; a first round warms up and is not counted.

    Args:
        sides: To compare.
        connections: To each server.
        in_flight: Calls at a time on each connection.
        rounds: How many.
        seconds: About how long one side's part of a round takes.
    """

    def run(side: Side, calls: int) -> load.Load:
        return load.run(side.target, connections=connections, in_flight=in_flight, calls=calls)

    least = connections * in_flight
    first = {side.name: run(side, max(_WARM_UP_CALLS, least)) for side in sides}
    counts = {name: max(least, int(each.rate * seconds)) for name, each in first.items()}
    found = {side.name: Rounds() for side in sides}
    for _ in range(rounds):
        for side in sides:
            _round(side, counts[side.name], run, found[side.name])
    return found


def ratio(over: Sequence[float], under: Sequence[float], *, unit: str = "") -> Figure:
    """Returns the median of the rounds' ratios, with the quartiles of them."""
    return summary([a / b for a, b in zip(over, under, strict=True)], unit=unit)


def summary(values: Sequence[float], *, unit: str = "") -> Figure:
    """Returns the median and the quartiles of what the rounds found."""
    low, high = np.percentile(values, [25, 75]) if len(values) > 1 else (values[0],) * 2
    return Figure(value=statistics.median(values), low=float(low), high=float(high), unit=unit)


def _round(side: Side, calls: int, run: Callable[[Side, int], load.Load], into: Rounds) -> None:
    before = side.server.cpu_seconds()
    loaded = run(side, calls)
    into.cpu.append((side.server.cpu_seconds() - before) / calls)
    into.rate.append(loaded.rate)
    p50, p99 = np.percentile(loaded.latencies, [50, 99])
    into.p50.append(float(p50))
    into.p99.append(float(p99))
    into.latencies.append(loaded.latencies)
