"""What several processes cost and bring: processor time a call and calls a second, N to one.

Measured twice: on all cores, as they are run, where the load takes a part of one core; and
with all of them on one core, where they get in each other's way.
"""

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
# A connection is one process' for as long as it lives: many share the load evenly, and keep all
# of them busy. With fewer calls in flight each process does fewer at a time, which costs more.
CONNECTIONS, IN_FLIGHT = 32, 4
ROUNDS, SECONDS = 9, 1.2

_ONE, _MANY, _LIMITED = "one", "many", "many, with a rate limit"
_SHARED = ("--workers", str(WORKERS))
# High enough to let every call through, which costs as much as one that refuses some.
_RATE = ("--rate-limit-per-second", "1000000", "--rate-limit-burst", "1000000")


def main() -> bool:
    """Prints the table and records it; returns whether the goal is reached."""
    with models.made(MODEL) as (folder, pipeline):
        free = _measure(folder, pipeline, None)
        pinned = _measure(folder, pipeline, SERVER_CORE)
    figures = {**_figures(free, ""), **_figures(pinned, ", one core")}
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


def _figures(found: dict[str, Rounds], where: str) -> dict[str, Figure]:
    one = found[_ONE]
    figures = {f"cpu, {name}{where}": _microseconds(each) for name, each in found.items()}
    for name in (_MANY, _LIMITED):
        figures[f"cpu ratio, {name}{where}"] = contest.ratio(found[name].cpu, one.cpu)
    for name in (_ONE, _MANY):
        figures[f"calls, {name}{where}"] = contest.summary(found[name].rate, unit="1/s")
    figures[f"calls ratio, {_MANY}{where}"] = contest.ratio(found[_MANY].rate, one.rate)
    return figures


def _microseconds(rounds: Rounds) -> Figure:
    return contest.summary([1e6 * each for each in rounds.cpu], unit="µs")


def _report(figures: dict[str, Figure]) -> None:
    print(f"{WORKERS} workers, {MODEL}, {CONNECTIONS} connections of {IN_FLIGHT} calls")
    print("| figure | median | quartiles |")
    print("|---|---|---|")
    for name, each in figures.items():
        print(f"| {name} | {each.value:,.2f} {each.unit} | {each.low:,.2f} to {each.high:,.2f} |")
