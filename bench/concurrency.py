"""Calls a second against the number of calls at a time: our server and the null server."""

from bench import contest, models, results, sides
from bench.results import Series

MODEL = "xgboost"
# Connections and calls at a time on each.
STEPS = ((1, 1), (1, 2), (1, 4), (2, 4), (4, 4), (4, 8), (8, 8), (16, 8))
ROUNDS, SECONDS = 3, 0.7


def main() -> bool:
    """Prints the curve and records it; there is no goal."""
    house = models.example()
    curves: dict[str, Series] = {}
    print(f"| calls at a time | null, calls/s | {MODEL}, calls/s |\n|---|---|---|")
    with (
        models.made(MODEL) as (folder, pipeline),
        sides.nothing(house) as null,
        sides.ours(folder, pipeline, house) as ours,
    ):
        for connections, in_flight in STEPS:
            found = contest.measure(
                [null, ours],
                connections=connections,
                in_flight=in_flight,
                rounds=ROUNDS,
                seconds=SECONDS,
            )
            rates = {name: contest.summary(each.rate).value for name, each in found.items()}
            at_a_time = connections * in_flight
            for name, rate in rates.items():
                curves.setdefault(name, Series()).add(at_a_time, rate)
            print(f"| {at_a_time} | {rates['null']:,.0f} | {rates['ours']:,.0f} |", flush=True)
    results.record("concurrency", {}, series={"concurrency": curves})
    return True
