"""What a receipt costs: Predict with one and without, of the same server.

Rounds alternate; the figure is the median of the rounds' ratios, by the calls that are answered a
second, as a caller waits for them.
"""

from collections.abc import Mapping
from dataclasses import replace

from bench import contest, models, results, sides

MODEL = "xgboost"
# No house of the training data: to that, every distance would be 0.
HOUSE: Mapping[str, float] = {**models.example(), "RM": 6.6}
ROUNDS, SECONDS = 15, 1.0
GOAL = 0.92


def main() -> bool:
    """Prints the figures and records them; returns whether the goal is reached."""
    with (
        models.made(MODEL, honest=True) as (folder, pipeline),
        sides.ours(folder, pipeline, HOUSE, name="without") as without,
    ):
        price = sides.answer(pipeline, HOUSE)
        asked = sides.target(sides.port_of(without), HOUSE, price, receipt=True)
        found = contest.measure(
            [without, replace(without, name="with", target=asked)],
            connections=4, in_flight=8, rounds=ROUNDS, seconds=SECONDS,
        )  # fmt: skip
    plain, sealed = found["without"], found["with"]
    figures = {
        "predict": contest.ratio(sealed.rate, plain.rate),
        "predict by processor time": contest.ratio(plain.cpu, sealed.cpu),
        "without": contest.summary([1e6 * each for each in plain.cpu], unit="µs"),
        "with": contest.summary([1e6 * each for each in sealed.cpu], unit="µs"),
    }
    results.tell("receipt", figures)
    return figures["predict"].value >= GOAL
