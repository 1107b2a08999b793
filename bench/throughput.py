"""What the server adds to a gRPC call: Predict on it and on the null server, under one load.

For each model type: calls a second with 4 connections of 8 calls at a time, and the
median latency of one call at a time. The server and h2load have a core each. Beside the
ratio of the rates stands that of the processor time a call, which other programs on
the machine disturb less. Servers are started anew several times: the same program is up to a fifth
slower in one process than in another.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sklearn.pipeline import Pipeline

from bench import contest, models, results, sides
from bench.contest import Rounds, Side
from bench.results import Figure, Series
from bench.sides import House

CONNECTIONS, IN_FLIGHT = 4, 8
STARTS, ROUNDS, SECONDS = 5, 2, 1.2
THROUGHPUT_GOAL, LATENCY_GOAL = 0.85, 1.15
# Whose latencies are drawn.
DRAWN = "xgboost"
SHARES = (1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9)


def main() -> bool:
    """Prints the table and records it; returns whether every goal is reached."""
    print("| model | calls/s, null | calls/s | ratio | by processor time | p50 ratio, one call |")
    print("|---|---|---|---|---|---|")
    figures: dict[str, Figure] = {}
    curves: dict[str, Series] = {}
    reached = True
    house = models.example()
    for name in models.TYPES:
        with models.made(name) as (folder, pipeline):
            found, drawn = _compare(lambda: _sides(folder, pipeline, house))
        figures |= {f"{name} {key}": figure for key, figure in found.items()}
        if name == DRAWN:
            curves = drawn
        reached &= _report(name, found)
    results.record("throughput", figures, series={"latency": curves})
    return reached


@contextmanager
def _sides(folder: Path, pipeline: Pipeline, house: House) -> Iterator[list[Side]]:
    with sides.nothing(house) as null, sides.ours(folder, pipeline, house) as ours:
        yield [null, ours]


def _compare(
    start: Callable[[], AbstractContextManager[list[Side]]],
) -> tuple[dict[str, Figure], dict[str, Series]]:
    many, one = {"null": Rounds(), "ours": Rounds()}, {"null": Rounds(), "ours": Rounds()}
    for _ in range(STARTS):
        with start() as both:
            _measure(both, many, connections=CONNECTIONS, in_flight=IN_FLIGHT, seconds=SECONDS)
            _measure(both, one, connections=1, in_flight=1, seconds=SECONDS / 2)
    null, ours = many["null"], many["ours"]
    figures = {
        "throughput": contest.ratio(ours.rate, null.rate),
        "throughput by processor time": contest.ratio(null.cpu, ours.cpu),
        "p50": contest.ratio(one["ours"].p50, one["null"].p50),
        "calls": contest.summary(ours.rate, unit="1/s"),
        "calls null": contest.summary(null.rate, unit="1/s"),
        "cpu": contest.summary([1e6 * each for each in ours.cpu], unit="µs"),
        "cpu null": contest.summary([1e6 * each for each in null.cpu], unit="µs"),
        "p50 alone": contest.summary([1e6 * each for each in one["ours"].p50], unit="µs"),
        "p50 alone null": contest.summary([1e6 * each for each in one["null"].p50], unit="µs"),
        "p99": contest.summary([1e6 * each for each in ours.p99], unit="µs"),
    }
    curves = {
        **{f"{name}, one call at a time": _curve(each) for name, each in one.items()},
        **{f"{name}, 32 calls at a time": _curve(each) for name, each in many.items()},
    }
    return figures, curves


def _measure(
    both: list[Side], into: dict[str, Rounds], *, connections: int, in_flight: int, seconds: float
) -> None:
    found = contest.measure(
        both, connections=connections, in_flight=in_flight, rounds=ROUNDS, seconds=seconds
    )
    for name, rounds in found.items():
        into[name].extend(rounds)


def _curve(rounds: Rounds) -> Series:
    return Series(x=list(SHARES), y=[1e3 * each for each in rounds.percentiles(SHARES)])


def _report(name: str, found: dict[str, Figure]) -> bool:
    rate, p50 = found["throughput"].value, found["p50"].value
    print(
        f"| {name} | {found['calls null'].value:,.0f} | {found['calls'].value:,.0f} | {rate:.2f} "
        f"| {found['throughput by processor time'].value:.2f} | {p50:.2f} |",
        flush=True,
    )
    return rate >= THROUGHPUT_GOAL and p50 <= LATENCY_GOAL
