"""What it takes to find who calls by the key that is shown, against the number of keys."""

import timeit

from bench import results
from bench.results import Figure
from housing_grpc.access.callers import API_KEY, Access, Key, Role, digest

COUNTS = (1, 1_000, 10_000)
GOAL = 2.0
_PATH = "/housing.v1.PredictionService/Predict"
_CALLS, _ROUNDS = 20_000, 7


def main() -> bool:
    """Prints and records the figures; returns whether they reach their goal."""
    taken = {count: _microseconds(count) for count in COUNTS}
    ratio = taken[COUNTS[-1]] / taken[COUNTS[0]]
    figures = {f"{count:,} keys": Figure(value=value, unit="us") for count, value in taken.items()}
    results.tell("keys", {**figures, f"{COUNTS[-1]:,} keys / 1": Figure(value=ratio)})
    print(f"goal of the ratio: {GOAL} or less")
    return ratio <= GOAL


def _microseconds(count: int) -> float:
    """Returns what a call takes, as the best of some rounds."""
    keys = [
        Key(name=f"owner{number}", role=Role.PREDICT, digest=digest(f"key {number}"))
        for number in range(count)
    ]
    access = Access(keys, limits=lambda _: None)
    metadata = (("user-agent", "grpc"), (API_KEY, f"key {count // 2}"))
    rounds = timeit.repeat(lambda: access.caller(_PATH, metadata), number=_CALLS, repeat=_ROUNDS)
    return min(rounds) / _CALLS * 1e6
