"""What several processes cost and bring: processor time a call and calls a second, N to one.

The time a call is measured with all of them on one core, as for all other figures, so that
neither waits for the load; calls a second on all cores, of which the load takes a share.
"""

import tempfile
from contextlib import ExitStack
from pathlib import Path

from sklearn.pipeline import Pipeline

from bench import contest, models, results, sides
from bench.contest import Rounds, Side
from bench.results import Figure
from bench.serving import SERVER_CORE

MODEL = "xgboost"
WORKERS = 2
GOAL = 1.1
# A connection is one worker's for as long as it lives: it takes many to share the load evenly.
CONNECTIONS, IN_FLIGHT = 16, 4
ROUNDS, SECONDS = 9, 1.2

_ONE, _MANY, _LIMITED = "one", "many", "many, with a rate limit"
_SHARED = ("--workers", str(WORKERS))
# High enough to let every call through, which costs as much as one that refuses some.
_RATE = ("--rate-limit-per-second", "1000000", "--rate-limit-burst", "1000000")


def main() -> bool:
    """Prints the table and records it; returns whether the goal is reached."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, MODEL)
        pipeline = models.make_bundle(MODEL, folder)
        cpu = _measure(folder, pipeline, SERVER_CORE)
        rate = _measure(folder, pipeline, None)
    figures = {
        "cpu, one": _microseconds(cpu[_ONE]),
        **{f"cpu, {name}": _microseconds(cpu[name]) for name in (_MANY, _LIMITED)},
        **{
            f"cpu ratio, {name}": contest.ratio(cpu[name].cpu, cpu[_ONE].cpu)
            for name in (_MANY, _LIMITED)
        },
        "calls, one": contest.summary(rate[_ONE].rate, unit="1/s"),
        "calls, many": contest.summary(rate[_MANY].rate, unit="1/s"),
        "calls ratio, many": contest.ratio(rate[_MANY].rate, rate[_ONE].rate),
    }
    _report(figures)
    results.record("workers", figures)
    return figures[f"cpu ratio, {_MANY}"].value <= GOAL


def _measure(folder: Path, pipeline: Pipeline, core: int | None) -> dict[str, Rounds]:
    house = models.example()
    with ExitStack() as stack:

        def side(name: str, *flags: str) -> Side:
            ours = sides.ours(folder, pipeline, house, *flags, name=name, core=core)
            return stack.enter_context(ours)

        return contest.measure(
            [side(_ONE), side(_MANY, *_SHARED), side(_LIMITED, *_SHARED, *_RATE)],
            connections=CONNECTIONS,
            in_flight=IN_FLIGHT,
            rounds=ROUNDS,
            seconds=SECONDS,
        )


def _microseconds(rounds: Rounds) -> Figure:
    return contest.summary([1e6 * each for each in rounds.cpu], unit="µs")


def _report(figures: dict[str, Figure]) -> None:
    print(f"{WORKERS} workers, {MODEL}, {CONNECTIONS} connections of {IN_FLIGHT} calls")
    print("| figure | median | quartiles |")
    print("|---|---|---|")
    for name, each in figures.items():
        print(f"| {name} | {each.value:,.2f} {each.unit} | {each.low:,.2f} to {each.high:,.2f} |")
