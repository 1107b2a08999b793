"""What the server adds to a gRPC call: Predict on it and on the null server, under one load.

For each model type: calls a second with 4 connections of 8 calls at a time, and the
median latency of one call at a time. The server and h2load have a core each. Beside the
ratio of the rates stands that of the processor time a call, which other programs on
the machine disturb less.
"""

from bench import contest, models, results, sides
from bench.contest import Rounds, Side
from bench.results import Figure, Series

CONNECTIONS, IN_FLIGHT = 4, 8
ROUNDS, SECONDS = 7, 1.2
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
        with (
            models.made(name) as (folder, pipeline),
            sides.nothing(house) as null,
            sides.ours(folder, pipeline, house) as ours,
        ):
            found, drawn = _compare([null, ours])
        figures |= {f"{name} {key}": figure for key, figure in found.items()}
        if name == DRAWN:
            curves = drawn
        reached &= _report(name, found)
    results.record("throughput", figures, series={"latency": curves})
    return reached


def _compare(both: list[Side]) -> tuple[dict[str, Figure], dict[str, Series]]:
    many = contest.measure(
        both, connections=CONNECTIONS, in_flight=IN_FLIGHT, rounds=ROUNDS, seconds=SECONDS
    )
    one = contest.measure(both, connections=1, in_flight=1, rounds=ROUNDS, seconds=SECONDS / 2)
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
