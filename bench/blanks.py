"""What a missing value costs: Predict of a row without two values over that of a complete one.

One call at a time, the whole call, on one server; the preprocessing fills the two in.
"""

from dataclasses import replace

from bench import contest, models, results, sides
from bench.results import Figure

MODEL = "xgboost"
GOALS = {"v1_median": 1.1, "v2_knn": 1.5, "v3_iterative": 2.0}
ROUNDS, SECONDS = 7, 0.6


def main() -> bool:
    """Prints the table and records it; returns whether every goal is reached."""
    print("| preprocessing | complete, µs | two missing, µs | ratio | by processor time | goal |")
    print("|---|---|---|---|---|---|")
    figures: dict[str, Figure] = {}
    for preparation, goal in GOALS.items():
        figures |= {f"{preparation} {key}": each for key, each in _measure(preparation).items()}
        ratio = figures[f"{preparation} p50"].value
        print(
            f"| {preparation} | {figures[f'{preparation} complete'].value:.0f} "
            f"| {figures[f'{preparation} missing'].value:.0f} | {ratio:.2f} "
            f"| {figures[f'{preparation} cpu'].value:.2f} | {goal} |",
            flush=True,
        )
    results.record("blanks", figures)
    return all(figures[f"{name} p50"].value <= goal for name, goal in GOALS.items())


def _measure(preparation: str) -> dict[str, Figure]:
    complete = models.example()
    holed = {name: value for name, value in complete.items() if name not in models.BLANKS}
    with (
        models.made(MODEL, preparation=preparation) as (folder, pipeline),
        sides.ours(folder, pipeline, complete, name="complete") as whole,
    ):
        missing = replace(
            whole,
            name="missing",
            target=sides.target(sides.port_of(whole), holed, sides.answer(pipeline, holed)),
        )
        found = contest.measure(
            [whole, missing], connections=1, in_flight=1, rounds=ROUNDS, seconds=SECONDS
        )
    whole_rounds, missing_rounds = found["complete"], found["missing"]
    return {
        "p50": contest.ratio(missing_rounds.p50, whole_rounds.p50),
        "cpu": contest.ratio(missing_rounds.cpu, whole_rounds.cpu),
        "complete": contest.summary([1e6 * each for each in whole_rounds.p50], unit="µs"),
        "missing": contest.summary([1e6 * each for each in missing_rounds.p50], unit="µs"),
    }
